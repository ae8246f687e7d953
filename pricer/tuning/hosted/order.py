"""What is ordered from a host, and whether it may be: nothing is sent before a known price stands under a cap."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path

from pricer.errors import BadInput
from pricer.tuning.knobs import Knobs

MOST_SUFFIX = 20  # characters of the user's own, so that with the mark they fit into every host's limit


@dataclass(frozen=True, slots=True)
class Order:
    """A training to be bought. `training` and `validation` are files of one example a line in the form of chat messages; `suffix` goes into
    the tuned model's name. `estimate_usd` is what the training is expected to cost, `cap_usd` what it may; None is unknown or unset."""

    model: str
    training: Path
    validation: Path | None = None
    knobs: Knobs = field(default_factory=Knobs)
    suffix: str | None = None
    cap_usd: Decimal | None = None
    estimate_usd: Decimal | None = None

    @property
    def epochs(self) -> int:
        """Whole passes over the examples; `BadInput` for a fraction, which no host sells."""
        if self.knobs.epochs != int(self.knobs.epochs):
            raise BadInput(
                f"epochs: hosts train whole epochs, found {self.knobs.epochs:g}; set epochs to a whole number"
            )
        return int(self.knobs.epochs)

    @property
    def batch(self) -> int:
        """Examples of one optimizer step."""
        return self.knobs.batch_size * self.knobs.accumulation

    def files(self) -> Iterator[tuple[str, Path]]:
        """The files to be sent, by their part in the training."""
        yield "training", self.training
        if self.validation is not None:
            yield "validation", self.validation


@dataclass(frozen=True, slots=True)
class Counted:
    """A file's content in short: its SHA-256, its examples and its size."""

    sha256: str
    examples: int
    size_bytes: int


def approved(order: Order) -> Decimal:
    """The cap in US dollars; `BadInput` with the figures when there is none, no estimate, or an estimate above it."""
    cap, estimate = order.cap_usd, order.estimate_usd
    if cap is None:
        raise BadInput(
            f"no cap is set, and {_price(estimate)}: state the most it may cost with --max-cost-usd. Nothing was sent"
        )
    if not (cap.is_finite() and cap >= 0):
        raise BadInput(f"cap: wanted an amount of US dollars from 0, found {cap}")
    if estimate is None or not estimate.is_finite():
        raise BadInput(
            f"{_price(None)}, so a cap of ${cap:f} could not hold. Take a model with a known price. Nothing was sent"
        )
    if estimate > cap:
        raise BadInput(
            f"{_price(estimate)}, more than the cap of ${cap:f}: raise --max-cost-usd, or take fewer examples or epochs. Nothing was sent"
        )
    return cap


def marked(order: Order, host: str, job: str, counted: dict[str, Counted]) -> str:
    """A name for exactly this order of this job, 12 characters of hexadecimal: what carries it at the host was made for us."""
    told = [
        host,
        job,
        order.model,
        order.suffix,
        asdict(order.knobs),
        {part: one.sha256 for part, one in counted.items()},
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def named(order: Order, mark: str) -> str:
    """The ending of the tuned model's name: the user's word and the mark, of lower-case letters, digits and dashes."""
    word = re.sub(r"[^a-z0-9]+", "-", (order.suffix or "assay").lower()).strip("-")[:MOST_SUFFIX].strip("-")
    return f"{word or 'assay'}-{mark}"


def counted(path: Path) -> Counted:
    """The file in short; `BadInput` when it cannot be read or holds no example."""
    digest, examples, size = hashlib.sha256(), 0, 0
    try:
        with path.open("rb") as file:
            for line in file:
                digest.update(line)
                size += len(line)
                examples += bool(line.strip())
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from None
    if not examples:
        raise BadInput(f"{path}: wanted one example a line, found none")
    return Counted(digest.hexdigest(), examples, size)


def steps_of(order: Order, examples: int) -> int:
    """Optimizer steps if the host trains as ordered."""
    return max(1, math.ceil(examples / order.batch) * order.epochs)


def _price(estimate: Decimal | None) -> str:
    return (
        "what this training costs is not known"
        if estimate is None
        else f"this training is expected to cost ${estimate:f}"
    )
