"""Names as people write them."""

from __future__ import annotations

import pytest

from catalog import snapshot
from catalog.errors import UnknownModel
from catalog.lookup import find, nearest
from catalog.models import Catalog
from tests.catalog.toys import model

SHIPPED = snapshot.load(snapshot.EMBEDDED)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("openai/gpt-5.1", "openai/gpt-5.1"),
        ("GPT-5.1", "openai/gpt-5.1"),
        ("gpt 5.1", "openai/gpt-5.1"),
        ("Qwen/Qwen3-32B", "alibaba/qwen3-32b"),
        ("qwen/qwen3-32b", "alibaba/qwen3-32b"),
        ("anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("openrouter/meta-llama/llama-3.3-70b-instruct", "meta/llama-3.3-70b-instruct"),
        ("zai/glm-5.3", "zhipuai/glm-5.3"),
    ],
)
def test_a_name_finds_its_model(written: str, meant: str) -> None:
    assert find(SHIPPED, written).model.id == meant


def test_an_alias_says_which_dated_release_it_stands_for() -> None:
    assert (
        find(SHIPPED, "claude-sonnet-4-5").note
        == "claude-sonnet-4-5 is an alias; it stands for claude-sonnet-4-5-20250929"
    )


def test_a_moving_alias_says_that_no_source_resolves_it() -> None:
    note = find(SHIPPED, "gpt-4o").note
    assert note is not None
    assert "no source says which of" in note
    assert "gpt-4o-2024-08-06" in note


def test_the_plain_id_of_a_model_without_dated_releases_needs_no_note() -> None:
    assert find(SHIPPED, "alibaba/qwen3-32b").note is None


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownModel, match="openai/gpt-4o-mini"):
        find(SHIPPED, "gpt-4o-min")


def test_a_name_like_nothing_says_how_to_list_every_name() -> None:
    with pytest.raises(UnknownModel, match="assay models list"):
        find(SHIPPED, "zzzzzzzzzzzz")


@pytest.mark.parametrize("name", ["", "/", "///", " ", "../../etc/passwd", "\x00", "a" * 5000])
def test_odd_names_are_unknown_without_a_crash(name: str) -> None:
    with pytest.raises(UnknownModel):
        find(SHIPPED, name)


def test_every_id_finds_itself() -> None:
    assert [find(SHIPPED, m.id).model.id for m in SHIPPED.models] == [m.id for m in SHIPPED.models]


def test_the_nearest_names_come_closest_first() -> None:
    catalog = Catalog("2026-11-21", {}, (model("toymaker/train"), model("toymaker/trail-2"), model("toymaker/boat")))
    assert nearest(catalog, "trainn")[0] == "toymaker/train"
