"""The engine's bounds."""

from __future__ import annotations

from typing import Any

import pytest

from pricer.errors import BadInput, PricerError
from pricer.products.engine import Engine, run

ONE = Engine(workers=1)
JOBS: list[dict[str, Any]] = [{"shard": number} for number in range(3)]


def counted(job: dict[str, Any]) -> int:
    """A task without effect."""
    return 10 + int(job["shard"])


def refusing(job: dict[str, Any]) -> int:
    """A task that refuses."""
    raise BadInput(f"shard {job['shard']} is no good")


def test_only_jobs_that_are_not_done_are_run() -> None:
    done: list[int] = []

    def is_done(job: dict[str, Any]) -> bool:
        return job["shard"] == 1 or len(done) == 2

    for records in run(JOBS, counted, ONE, is_done):
        done.append(records)
    assert done == [10, 12]


def test_work_that_never_gets_done_is_given_up_and_not_tried_for_ever() -> None:
    with pytest.raises(PricerError, match="3 shards left: no worker finished any"):
        list(run(JOBS, counted, ONE, lambda _: False))


def test_a_refusal_keeps_its_words_and_its_kind() -> None:
    with pytest.raises(BadInput, match="shard 0 is no good"):
        list(run(JOBS, refusing, ONE, lambda _: False))


@pytest.mark.parametrize(
    ("kind", "address", "workers"), [("spark", None, None), ("local", "h:1", None), ("local", None, 0)]
)
def test_an_engine_that_cannot_be_is_refused(kind: str, address: str | None, workers: int | None) -> None:
    with pytest.raises(BadInput, match=r"wanted|--engine ray"):
        Engine(kind, address, workers)
