"""The catalogue as a file: what is read is what was written, and a damaged file is refused by name, with a way out."""

from __future__ import annotations

import errno
import hashlib
import json
import lzma
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from catalog import snapshot
from catalog.errors import BadSnapshot
from catalog.models import (
    FACT_FIELDS,
    Benchmark,
    Catalog,
    Model,
    PeakHours,
    PriceSheet,
    Rates,
    Rating,
    Source,
)
from tests.catalog.toys import AS_OF, dollars, known, offering, rates

SHIPPED = snapshot.load(snapshot.EMBEDDED)
# Facts that follow from the model's own name or family: nobody is to be credited.
DERIVED = {"model-name", "closed-family"}


def toy_catalog(name: str = "toymaker/toy-1") -> Catalog:
    """A catalogue in which every field of every class holds something."""
    steps = rates("1.25", "10", "0.125", above=((200_000, Rates(dollars("2.5"), dollars(15), dollars("0.25"))),))
    place = offering(
        steps, provider="toymaker", region="eu", first_party=True, max_input_tokens=1_000, max_output_tokens=100,
        requests_per_minute=60, tokens_per_minute=9_000, retires="2027-01-01",
        output_tokens_per_s=known(81.5), first_token_s=known(0.4), tiers={"batch": rates("0.6", "5")},
        peak_hours=PeakHours((("01:00", "04:00"), ("06:00", "10:00")), dollars("2.0"), True, "https://example.com"),
    )  # fmt: skip
    bare = offering(rates("0", "0.0000000001"), provider="host", source="models.dev")
    model = Model(
        name, "toymaker", "Toy 1", family="toy", aliases=("toy", "toy-one"), denotes="toy-1-20260101",
        repo=known("Toymaker/Toy-1"), open_weights=known(True, False), license=known("mit"), release_date=known("2026-01"),
        knowledge_cutoff=known("2025", "2025-06-30"), parameters_b=known(7.25, 8.0), active_parameters_b=known(1.5),
        training_tokens_t=known(15.0), context_tokens=known(131_072), max_input_tokens=known(100_000),
        max_output_tokens=known(8_192), modalities_in=known(("text", "image"), ("text",)), modalities_out=known(("text",)),
        tool_calling=known(False), structured_output=known(True), reasoning=known(False, True), kv_bytes_at_most=known(4),
        kv_bytes_per_token=known(131_072), retires=known("2028-01-01"),
        ratings=(Rating("overall", "Toy 1 (High)", 1400.5, 1390.0, 1411.0, 1234, 5, "arena", AS_OF),),
        benchmarks=(Benchmark("gpqa", 55.5, "percent", "aider", AS_OF, "https://example.com", True),
                    Benchmark("mmlu", 0.0, "index", "aider", AS_OF)),
        offerings=(place, bare),
    )  # fmt: skip
    source = Source("toy", "Toy", "https://example.com", "MIT", "Toy by its authors", AS_OF)
    return Catalog("2026-11-21", {"toy": source}, (model, Model("other/bare", "other", "Bare")))


def content(catalog: Catalog) -> tuple[object, ...]:
    """What makes two catalogues say the same."""
    return catalog.built, catalog.sources, catalog.models


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A sound file with the toy catalogue."""
    path = tmp_path / "snapshot.json.xz"
    snapshot.save(toy_catalog(), path)
    return path


# --- what is read is what was written


def test_the_toy_catalogue_leaves_no_field_of_a_model_at_its_default() -> None:
    model = toy_catalog().models[0]
    assert [name for name in FACT_FIELDS if not getattr(model, name).known] == []


def test_a_catalogue_is_read_as_it_was_written(saved: Path) -> None:
    assert content(snapshot.load(saved)) == content(toy_catalog())


def test_the_shipped_catalogue_is_read_as_it_is_written_again(tmp_path: Path) -> None:
    snapshot.save(SHIPPED, tmp_path / "again.xz")
    assert content(snapshot.load(tmp_path / "again.xz")) == content(SHIPPED)


def test_an_empty_catalogue_can_be_kept(tmp_path: Path) -> None:
    snapshot.save(Catalog("2026-11-21", {}, ()), tmp_path / "empty.xz")
    assert snapshot.load(tmp_path / "empty.xz").models == ()


def test_the_same_catalogue_makes_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        snapshot.save(toy_catalog(), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_file_written_anew_is_read_anew(saved: Path) -> None:
    snapshot.load(saved)
    snapshot.save(toy_catalog("toymaker/toy-2-with-a-longer-name"), saved)
    assert snapshot.load(saved).models[0].id == "toymaker/toy-2-with-a-longer-name"


def test_a_file_that_did_not_change_is_read_once(saved: Path) -> None:
    assert snapshot.load(saved) is snapshot.load(saved)


# --- which file


def test_without_a_refresh_the_embedded_snapshot_is_used() -> None:
    assert snapshot.active() == snapshot.EMBEDDED


def test_a_refreshed_snapshot_in_the_home_folder_is_used_instead(assay_home: Path) -> None:
    snapshot.save(toy_catalog(), assay_home / "catalog" / "snapshot.json.xz")
    assert content(snapshot.load()) == content(toy_catalog())


def test_the_embedded_snapshot_is_under_one_and_a_half_megabytes() -> None:
    assert snapshot.EMBEDDED.stat().st_size < 1.5 * 10**6


# --- all or nothing


def full_disk(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "no space left on device")


def interrupted(descriptor: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("failure", "raised"), [(full_disk, OSError), (interrupted, KeyboardInterrupt)])
def test_a_failing_write_leaves_the_old_file_and_nothing_else(
    saved: Path, monkeypatch: pytest.MonkeyPatch, failure: Callable[[int], None], raised: type[BaseException]
) -> None:
    before = saved.read_bytes()
    monkeypatch.setattr(os, "fsync", failure)
    with pytest.raises(raised):
        snapshot.save(toy_catalog("toymaker/toy-2"), saved)
    assert [(path.name, path.read_bytes()) for path in saved.parent.iterdir()] == [(saved.name, before)]


def test_a_write_that_cannot_take_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken" / "by a folder").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        snapshot.save(toy_catalog(), tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_successful_write_leaves_only_the_file(saved: Path) -> None:
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_folder_is_made_where_it_is_missing(tmp_path: Path) -> None:
    snapshot.save(toy_catalog(), tmp_path / "a" / "b" / "snapshot.json.xz")
    assert content(snapshot.load(tmp_path / "a" / "b" / "snapshot.json.xz")) == content(toy_catalog())


# --- damaged files


def packed(head: object, body: bytes = b"{}") -> bytes:
    return lzma.compress(json.dumps(head).encode() + b"\n" + body)


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(BadSnapshot) as caught:
        snapshot.load(path)
    return str(caught.value)


BODY = b'{"built":"2026-11-21","sources":[],"models":[]}'
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut in half": lambda data: data[: len(data) // 2],
    "short of its last byte": lambda data: data[:-1],
    "only its magic number": lambda data: data[:6],
    "all zeros": lambda data: bytes(len(data)),
    "not compressed": lambda _: b'{"schema": 1}\n{}',
    "another compressed text": lambda _: lzma.compress(b"hello\nworld"),
    "compressed bytes that are no text": lambda _: lzma.compress(b"\xff\xfe\n{}"),
    "a head that is a list": lambda _: packed([1], BODY),
    "an older schema": lambda _: packed({"schema": 0, "sha256": hashlib.sha256(BODY).hexdigest()}, BODY),
    "a newer schema": lambda _: packed({"schema": 2, "sha256": hashlib.sha256(BODY).hexdigest()}, BODY),
    "no schema": lambda _: packed({"sha256": hashlib.sha256(BODY).hexdigest()}, BODY),
    "another checksum": lambda _: packed({"schema": 1, "sha256": hashlib.sha256(b"").hexdigest()}, BODY),
    "no checksum": lambda _: packed({"schema": 1}, BODY),
    "no body": lambda _: packed({"schema": 1, "sha256": hashlib.sha256(BODY).hexdigest()}, b""),
}
each_damage = pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)


@each_damage
def test_a_damaged_file_is_refused_by_its_path(saved: Path, damage: Callable[[bytes], bytes]) -> None:
    assert str(saved) in refused(saved, damage(saved.read_bytes()))


@each_damage
def test_a_damaged_file_is_refused_with_a_mend(saved: Path, damage: Callable[[bytes], bytes]) -> None:
    assert "delete it to fall back on the embedded one" in refused(saved, damage(saved.read_bytes()))


def test_another_schema_says_which_was_wanted_and_which_was_found(saved: Path) -> None:
    assert "wanted schema 1, found 2" in refused(saved, DAMAGE["a newer schema"](b""))


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_anywhere_is_noticed(saved: Path, seed: int) -> None:
    rng, data = Random(seed), bytearray(saved.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    assert str(saved) in refused(saved, bytes(data))


@pytest.mark.parametrize("seed", range(20))
def test_a_file_cut_anywhere_is_noticed(saved: Path, seed: int) -> None:
    data = saved.read_bytes()
    assert str(saved) in refused(saved, data[: Random(seed).randrange(len(data))])


def test_a_missing_file_is_refused_by_its_path_with_a_mend(tmp_path: Path) -> None:
    with pytest.raises(BadSnapshot) as caught:
        snapshot.load(tmp_path / "nowhere.xz")
    assert str(tmp_path / "nowhere.xz") in str(caught.value)
    assert "reinstall llm-assay" in str(caught.value)


# --- what ships


def cited() -> Iterator[str]:
    """The source of every claim, price, rating and score of the shipped catalogue."""
    for model in SHIPPED.models:
        for name in FACT_FIELDS:
            yield from (claim.source for claim in getattr(model, name).claims)
        yield from (rating.source for rating in model.ratings)
        yield from (benchmark.source for benchmark in model.benchmarks)
        for place in model.offerings:
            yield from (sheet.source for sheet in place.sheets)
            yield from (claim.source for claim in (*place.output_tokens_per_s.claims, *place.first_token_s.claims))


def sheets() -> Iterator[PriceSheet]:
    yield from (sheet for model in SHIPPED.models for place in model.offerings for sheet in place.sheets)


def test_every_source_that_is_cited_is_described() -> None:
    assert set(cited()) <= set(SHIPPED.sources)


@pytest.mark.parametrize("source", SHIPPED.sources.values(), ids=SHIPPED.sources)
def test_every_source_names_its_licence(source: Source) -> None:
    assert source.license


@pytest.mark.parametrize("source", [s for s in SHIPPED.sources.values() if s.id not in DERIVED], ids=lambda s: s.id)
def test_every_source_says_whom_to_credit(source: Source) -> None:
    assert source.attribution


def test_a_source_is_listed_under_its_own_id() -> None:
    assert {key: source.id for key, source in SHIPPED.sources.items()} == {key: key for key in SHIPPED.sources}


def test_model_ids_are_unique() -> None:
    ids = [model.id for model in SHIPPED.models]
    assert len(set(ids)) == len(ids)


def test_an_id_is_its_maker_and_a_slug() -> None:
    assert [m.id for m in SHIPPED.models if m.id.count("/") != 1 or m.id.split("/")[0] != m.maker] == []


def test_no_price_is_negative() -> None:
    each = [rates for sheet in sheets() for rates in (sheet.standard, *sheet.tiers.values())]
    each += [rates for outer in each for _, rates in outer.above]
    prices = [p for r in each for p in (r.input, r.output, r.cache_read, r.cache_write, r.reasoning) if p is not None]
    assert min(prices) >= 0


def test_no_price_sheet_is_free_both_ways() -> None:
    assert [sheet for sheet in sheets() if sheet.standard.input == sheet.standard.output == 0] == []


def test_long_context_steps_rise() -> None:
    steps = [[at for at, _ in sheet.standard.above] for sheet in sheets()]
    assert [found for found in steps if found != sorted(set(found))] == []
