"""A host, its double, a record and an order, put together for a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricer.tuning.hosted.host import Host, hosts
from pricer.tuning.hosted.order import Order
from pricer.tuning.knobs import Knobs
from pricer.tuning.record import Record
from tests.pricer.tuning.hosted.fireworks_double import FireworksDouble
from tests.pricer.tuning.hosted.loopback import KEY, Loopback, serving
from tests.pricer.tuning.hosted.openai_double import OpenAIDouble
from tests.pricer.tuning.hosted.together_double import TogetherDouble

DOUBLES: dict[str, type[Loopback]] = {"openai": OpenAIDouble, "together": TogetherDouble, "fireworks": FireworksDouble}
MODELS = {
    "openai": "gpt-4.1-mini-2025-04-14",
    "together": "meta-llama/Llama-3-8B",
    "fireworks": "llama-v3p1-8b-instruct",
}
JOBS = {
    "openai": "/v1/fine_tuning/jobs",
    "together": "/v1/fine-tunes",
    "fireworks": "/v1/accounts/acme/supervisedFineTuningJobs",
}
UPLOADS = {
    "openai": "POST /v1/files",
    "together": "POST /v1/files/upload",
    "fireworks": "POST /v1/accounts/acme/datasets/",
}
every_host = pytest.mark.parametrize("name", tuple(DOUBLES))
LINE = '{"messages": [{"role": "user", "content": "a lamp"}, {"role": "assistant", "content": "12.00"}]}\n'


@dataclass
class World:
    """What a test needs. `slept` are the waits that were asked for, in seconds; nobody waits."""

    host: Host
    double: Any
    record: Record
    order: Order
    slept: list[float] = field(default_factory=list)

    def ended(self, looks: int = 20) -> str:
        """The state after it was looked at until it ended."""
        for _ in range(looks):
            status = self.host.refresh(self.record)
            if status.state in {"done", "failed", "stopped"}:
                break
        return self.record.status().state

    def started(self) -> World:
        """The same, with the job at the host."""
        self.host.create(self.order, self.record)
        return self

    def kept(self) -> str:
        """Everything that lies in the record, as one text."""
        return "\n".join(path.read_text() for path in sorted(self.record.folder.rglob("*")) if path.is_file())


def environment(url: str, **more: str) -> dict[str, str]:
    """The variables of all hosts, at one address."""
    known = {f"{name.upper()}_API_KEY": KEY for name in DOUBLES} | {
        f"{name.upper()}_BASE_URL": f"{url}/v1" for name in DOUBLES
    }
    return known | {"FIREWORKS_ACCOUNT_ID": "acme"} | more


def order_in(folder: Path, name: str, **changes: Any) -> Order:
    """Forty examples in batches of eight, twice: ten steps; ten more to validate."""
    folder.mkdir(parents=True, exist_ok=True)
    training, validation = folder / "training.jsonl", folder / "validation.jsonl"
    training.write_text(LINE * 40)
    validation.write_text(LINE * 10)
    order = Order(
        MODELS[name], training, validation, Knobs(batch_size=8, epochs=2), "Prices & co", Decimal(5), Decimal("1.50")
    )
    return replace(order, **changes)


@contextmanager
def world(name: str, folder: Path, **changes: Any) -> Iterator[World]:
    """A host of that name with its double at work."""
    with serving(DOUBLES[name]()) as double:
        slept: list[float] = []
        host = hosts(environment(double.url), slept.append)[name]
        record = Record(folder / "job-1")
        record.write_plan({"kind": "hosted", "host": name})
        yield World(host, double, record, order_in(folder / "data", name, **changes), slept)
