"""What is ordered: a price under a cap, whole epochs, files that are there; and the names under which it is known again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricer.errors import BadInput
from pricer.tuning.hosted.host import host, hosts
from pricer.tuning.hosted.order import Order, approved, counted, marked, named, steps_of
from pricer.tuning.knobs import Knobs
from pricer.tuning.record import Record
from tests.pricer.tuning.hosted.worlds import every_host, order_in, world


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"cap_usd": None},
            r"no cap is set, and this training is expected to cost \$1\.50: state the most it may cost",
        ),
        ({"cap_usd": None, "estimate_usd": None}, "no cap is set, and what this training costs is not known"),
        ({"estimate_usd": None}, r"what this training costs is not known, so a cap of \$5 could not hold"),
        ({"estimate_usd": Decimal("5.01")}, r"expected to cost \$5\.01, more than the cap of \$5"),
        ({"cap_usd": Decimal("NaN")}, "wanted an amount of US dollars"),
        ({"estimate_usd": Decimal("NaN")}, "is not known"),
    ],
)
@every_host
def test_nothing_is_sent_without_a_known_price_under_a_cap(
    name: str, changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with world(name, tmp_path, **changes) as at:
        with pytest.raises(BadInput, match=said):
            at.host.create(at.order, at.record)
        assert at.double.calls == []


def test_a_price_at_the_cap_is_within_it(tmp_path: Path) -> None:
    assert approved(order_in(tmp_path, "openai", estimate_usd=Decimal(5))) == Decimal(5)


@every_host
def test_a_fraction_of_an_epoch_is_refused_before_anything_is_sent(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path, knobs=Knobs(epochs=1.5)) as at:
        with pytest.raises(BadInput, match=r"hosts train whole epochs, found 1\.5"):
            at.host.create(at.order, at.record)
        assert at.double.calls == []


@pytest.mark.parametrize("knobs", [Knobs(epochs=51), Knobs(batch_size=257)])
def test_openai_refuses_knobs_beyond_its_bounds_before_anything_is_sent(knobs: Knobs, tmp_path: Path) -> None:
    with world("openai", tmp_path, knobs=knobs) as at:
        with pytest.raises(BadInput, match="openai trains up to 50 epochs in batches of up to 256"):
            at.host.create(at.order, at.record)
        assert at.double.calls == []


@every_host
def test_a_training_file_that_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path, training=tmp_path / "nowhere.jsonl") as at:
        with pytest.raises(BadInput, match=r"nowhere\.jsonl: cannot be read"):
            at.host.create(at.order, at.record)
        assert at.double.calls == []


def test_a_file_without_examples_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n \n")
    with pytest.raises(BadInput, match="wanted one example a line, found none"):
        counted(tmp_path / "empty.jsonl")


def _mark(order: Order, job: str = "job-1") -> str:
    return marked(order, "openai", job, {part: counted(path) for part, path in order.files()})


def test_the_same_order_has_the_same_mark(tmp_path: Path) -> None:
    assert _mark(order_in(tmp_path / "a", "openai")) == _mark(order_in(tmp_path / "b", "openai"))


def test_a_raised_cap_leaves_the_order_what_it_is(tmp_path: Path) -> None:
    order = order_in(tmp_path, "openai")
    assert _mark(order) == _mark(replace(order, cap_usd=Decimal(99)))


def test_other_words_settings_models_or_jobs_have_other_marks(tmp_path: Path) -> None:
    order = order_in(tmp_path, "openai")
    others = [
        replace(order, model="x"),
        replace(order, suffix="y"),
        replace(order, knobs=Knobs()),
        replace(order, validation=None),
    ]
    assert len({_mark(order), _mark(order, "job-2"), *map(_mark, others)}) == 2 + len(others)


@pytest.mark.parametrize(
    ("suffix", "name"),
    [("Prices & co", "prices-co-m"), (None, "assay-m"), ("&&&", "assay-m"), ("a" * 40, f"{'a' * 20}-m")],
)
def test_the_tuned_models_name_ends_in_the_word_and_the_mark(suffix: str | None, name: str, tmp_path: Path) -> None:
    assert named(order_in(tmp_path, "openai", suffix=suffix), "m") == name


def test_steps_are_whole_batches_times_epochs(tmp_path: Path) -> None:
    assert steps_of(order_in(tmp_path, "openai"), 41) == 6 * 2


def test_there_are_three_hosts() -> None:
    assert list(hosts({})) == ["openai", "together", "fireworks"]


def test_an_unknown_host_is_answered_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="wanted one of openai, together, fireworks as the host, found 'anthropic'"):
        host("anthropic", {})


@pytest.mark.parametrize("address", ["{}", "{}/v1", "{}/inference/v1", "{}/v1/"])
def test_fireworks_takes_its_address_in_each_of_its_forms(address: str, tmp_path: Path) -> None:
    from tests.pricer.tuning.hosted.worlds import environment

    with world("fireworks", tmp_path) as at:
        known = environment(at.double.url) | {"FIREWORKS_BASE_URL": address.format(at.double.url)}
        record = Record(tmp_path / "job-2")
        assert host("fireworks", known, at.slept.append).create(at.order, record).state == "queued"
