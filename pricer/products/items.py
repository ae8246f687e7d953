"""Items, what a predictor may see of them, and the columns in which they are stored."""

from __future__ import annotations

from dataclasses import dataclass

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Listing:
    """What a predictor sees of an item. It has no price and no label, so the answer cannot leak."""

    id: str
    title: str
    text: str
    description: str
    features: str
    details: str
    brand: str | None
    category: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """A curated item with its answer: a number in the unit that the data set states, or a label."""

    listing: Listing
    target: float | None
    label: str | None
    tokens: int
    family: str
    split: str
    source_line: int


@dataclass(frozen=True, slots=True)
class Column:
    """A stored column: SQL type, unit where a number has one, and what it means."""

    name: str
    type: str
    meaning: str
    unit: str | None = None
    example: str | None = None


ITEM_COLUMNS = (
    Column("id", "VARCHAR", "the record's own id (parent_asin for Amazon), else a hash of its place", example="B07XYZ1234"),
    Column("title", "VARCHAR", "cleaned title"),
    Column("text", "VARCHAR", "title, features, details and description, scrubbed and cut to the token budget; what a chat model is shown"),
    Column("description", "VARCHAR", "cleaned description, uncut"),
    Column("features", "VARCHAR", "cleaned feature list, uncut, joined by '; '"),
    Column("details", "VARCHAR", "JSON object of the remaining detail names and values", example='{"Color": "White"}'),
    Column("brand", "VARCHAR", "brand or store; null when the source states none"),
    Column("category", "VARCHAR", "main category; null when the source states none", example="Appliances"),
    Column("target", "DOUBLE", "the number to predict; null for labelled sets", unit="the data set's unit"),
    Column("label", "VARCHAR", "the label to predict; null for numeric sets"),
    Column("tokens", "INTEGER", "length of text", unit="tokens"),
    Column("raw_chars", "INTEGER", "length of all the record's texts before curation", unit="characters"),
    Column("family", "VARCHAR", "near-duplicates share it; a family lies in one split"),
    Column("split", "VARCHAR", "train, validation or test", example="train"),
    Column("source_file", "VARCHAR", "file the record came from"),
    Column("source_line", "BIGINT", "line or row of the record in that file, from 1"),
)  # fmt: skip

DROPPED_COLUMNS = (
    Column("id", "VARCHAR", "the record's id; null when it could not be read"),
    Column("reason", "VARCHAR", "why it was dropped", example="price missing"),
    Column("found", "VARCHAR", "what was found, cut to 120 characters", example="from $7.99"),
    Column("category", "VARCHAR", "main category, if read"),
    Column("source_file", "VARCHAR", "file the record came from"),
    Column("source_line", "BIGINT", "line or row of the record in that file, from 1"),
)
