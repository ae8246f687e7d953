"""Material: the items that are scored and the examples that may be learned from, from a loaded data set or a user's own file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.predictors.protocol import Examples, Task
from pricer.products.items import Item
from pricer.products.money import LEAST_USD, MOST_USD


@dataclass(frozen=True, slots=True)
class Material:
    """What an evaluation works on. `items` are scored, in an order that depends on their ids and the seed alone, so that a smaller
    limit asks for a part of a larger one; `train` and `validation` are empty where nothing is learned.

    `near_copies` counts training and validation rows that nearly copy a held-out row; None where nobody looked.
    """

    name: str
    fingerprint: str
    split: str
    task: Task
    items: tuple[Item, ...]
    train: Examples
    validation: Examples
    synthetic: bool = False
    near_copies: int | None = None
    dropped: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which data: a loaded data set by name, or a file with the columns to read. `task` may bring a question and a valid range;
    `limit` scores only so many items, `train` learns from only so many, for a learning curve, and `drop_copies` keeps near-copies of
    held-out rows out of training."""

    dataset: str | None = None
    file: Path | None = None
    text: tuple[str, ...] = ()
    target: str | None = None
    label: str | None = None
    task: Task | None = None
    limit: int | None = None
    seed: int = 0
    drop_copies: bool = False
    train: int | None = None

    def __post_init__(self) -> None:
        if (self.dataset is None) == (self.file is None):
            raise BadInput(
                "wanted one of --dataset NAME and --data FILE; see assay data list, or load one: assay data load sample"
            )
        if self.limit is not None and self.limit < 1:
            raise BadInput(f"--limit {self.limit}: wanted at least 1")
        if self.train is not None and self.train < 1:
            raise BadInput(f"--train {self.train}: wanted at least 1")


def gather(wanted: Wanted, *, learns: bool) -> Material:
    """The material. With `learns` there are examples to learn from; without, a file that states no splits is scored on every row."""
    named = wanted.dataset or ""
    material = _from_file(wanted, wanted.file, learns) if wanted.file else _from_dataset(wanted, named, learns)
    return _with_fewer(material, wanted.train, wanted.seed) if wanted.train and learns else material


def chosen(items: Sequence[Item], limit: int | None, seed: int) -> tuple[Item, ...]:
    """The items in an order drawn from their ids and the seed, the first `limit` of them."""
    drawn = sorted(items, key=lambda item: hashlib.sha256(f"{seed} {item.listing.id}".encode()).digest())
    return tuple(drawn[:limit])


def _with_fewer(material: Material, most: int, seed: int) -> Material:
    """The material with at most so many training examples; more of them hold the fewer."""
    train = material.train
    ids = {one.id: place for place, one in enumerate(train.listings)}
    drawn = sorted(ids, key=lambda id_: hashlib.sha256(f"train {seed} {id_}".encode()).digest())[:most]
    kept = sorted(ids[id_] for id_ in drawn)
    answers: Any = tuple(train.answers[place] for place in kept)
    families = tuple(train.families[place] for place in kept) if train.families else ()
    told = hashlib.sha256(f"{material.fingerprint} train {most} {seed}".encode()).hexdigest()
    return replace(
        material, train=Examples(tuple(train.listings[place] for place in kept), answers, families), fingerprint=told
    )


def _from_dataset(wanted: Wanted, name: str, learns: bool) -> Material:
    from pricer.installed import require

    require("reading a data set", "full", "pyarrow")
    from pricer.products.dataset import open_dataset

    dataset = open_dataset(name)
    told = dataset.manifest["target"]
    items = list(dataset.items() if learns or told["is_label"] else dataset.items("test"))
    task = _task(wanted, told["name"], told["unit"], items)
    scored = [item for item in items if item.split == "test"]
    material = _material(wanted, dataset.name, task, items if learns else (), scored)
    return replace(
        material, fingerprint=dataset.manifest["fingerprint"], synthetic=bool(dataset.manifest["source"]["synthetic"])
    )


def _from_file(wanted: Wanted, file: Path, learns: bool) -> Material:
    from pricer.products.own_file import in_families, read_file

    own = read_file(file, text=wanted.text, target=wanted.target, label=wanted.label)
    if learns:
        own = in_families(own, wanted.seed, drop_copies=wanted.drop_copies)
    scored = [item for item in own.items if item.split == "test"] if learns or own.stated else own.items
    task = _task(wanted, own.target, own.unit, own.items)
    material = _material(wanted, own.name, task, own.items if learns else (), scored)
    return replace(
        material, fingerprint=own.fingerprint, split="test" if learns or own.stated else "all",
        near_copies=own.near_copies, dropped=own.dropped,
    )  # fmt: skip


def _material(wanted: Wanted, name: str, task: Task, known: Sequence[Item], scored: Sequence[Item]) -> Material:
    if not scored:
        raise BadInput(f"{name}: no test items to score")
    train, validation = (
        _examples([item for item in known if item.split == split]) for split in ("train", "validation")
    )
    if known and not train.listings:
        raise BadInput(f"{name}: nothing to learn from: none of {len(known)} items is in split 'train'")
    return Material(name, "", "test", task, chosen(scored, wanted.limit, wanted.seed), train, validation)


def _examples(items: Sequence[Item]) -> Examples:
    listings, families = tuple(item.listing for item in items), tuple(item.family for item in items)
    if items and items[0].label is not None:
        return Examples(listings, tuple(item.label or "" for item in items), families)
    return Examples(listings, tuple(item.target for item in items if item.target is not None), families)


def _task(wanted: Wanted, name: str | None, unit: str | None, items: Sequence[Item]) -> Task:
    """The task as the data state it, with the user's question and valid range. Prices that all keep the usual bounds have these."""
    given = wanted.task or Task()
    least, most = given.least, given.most
    if least is not None and most is not None and least >= most:
        raise BadInput(f"valid range: wanted --least below --most, found {least} and {most}")
    usual = unit == "usd" and all(LEAST_USD <= (item.target or 0) <= MOST_USD for item in items)
    if least is None and most is None and usual:
        least, most = LEAST_USD, MOST_USD
    labels = tuple(sorted({item.label for item in items if item.label is not None}))
    return Task(name or "target", unit, labels, given.question, least, most)
