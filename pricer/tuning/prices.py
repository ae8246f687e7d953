"""What fine-tuning costs and where it can be had: training dollars from the reviewed table, what closes when, and when it pays."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from catalog import curated
from catalog.cost import CENT, MTOK
from pricer.errors import BadInput

Standing = Literal["open", "closing", "closed", "unknown"]
SUPERVISED = ("sft", "sft-lora", "sft-full")  # in the order in which one is taken when no method is named
DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")
BAND = re.compile(r"(?:up to (?P<most>[\d.]+)B|(?P<from>[\d.]+)B to (?P<to>[\d.]+)B|over (?P<least>[\d.]+)B)")
SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
# Hosts that bill validation tokens beside training tokens: https://docs.together.ai/docs/fine-tuning/pricing (epochs x training + evaluations x
# validation) and https://docs.ori.co/fine-tuning/billing (the validation file once).
VALIDATION_BILLED = {"together": "at each evaluation", "ori": "once"}


@dataclass(frozen=True, slots=True)
class Offer(curated.FineTuning):
    """A row of the fine-tuning table with all that training costs: US dollars, per million tokens or hour; None is unknown. `model` is an
    id, a size band such as "up to 16B" (billions of parameters), or * for all. `closes` is the first day on which no job can be started."""

    training_usd_per_hour: Decimal | None = None
    min_charge_usd: Decimal | None = None
    note: str | None = None
    as_of: str | None = None

    def standing(self, day: dt.date) -> Standing:
        """Whether a job can be started on this day; `closing` has an end that is known, and may already refuse new customers."""
        if self.closes is not None:
            return "closed" if day >= dt.date.fromisoformat(self.closes) else "closing"
        if self.status == "open":
            return "open"
        return "closed" if (self.status or "").startswith("closed") else "unknown"


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer on a day: its standing and that in words, with the dates and what to do instead."""

    offer: Offer
    standing: Standing
    words: str


@dataclass(frozen=True, slots=True)
class TrainingPrice:
    """What a training costs in US dollars, exact; None with the reason in `why`. `lines` are the arithmetic, `words` say what is closed
    or closing. A price does not mean that a job can be started: see `standing`."""

    provider: str
    model: str
    usd: Decimal | None
    why: str | None
    lines: tuple[str, ...]
    offer: Offer | None
    standing: Standing
    words: str

    @property
    def cents(self) -> Decimal | None:
        """The price to the cent, half up."""
        return None if self.usd is None else self.usd.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Billed:
    """The tokens of a job: of the training file, of the validation file, and how often each is gone through."""

    tokens: int
    epochs: Decimal
    validation_tokens: int = 0
    evaluations: int = 1

    def __post_init__(self) -> None:
        if (
            min(self.tokens, self.validation_tokens, self.evaluations) < 0
            or not self.epochs.is_finite()
            or self.epochs <= 0
        ):
            raise BadInput(
                f"wanted tokens of 0 or more and epochs above 0, found {self.tokens} tokens and {self.epochs} epochs"
            )


def offers(day: dt.date) -> tuple[Offered, ...]:
    """What can be tuned where on this day: open offers first, then closing, unknown and closed ones, by provider as the table has them."""
    order: tuple[Standing, ...] = ("open", "closing", "unknown", "closed")
    told = [Offered(offer, offer.standing(day), _words(offer, day)) for offer in _table()]
    return tuple(sorted(told, key=lambda one: (order.index(one.standing), one.offer.provider)))


def training_price(
    provider: str, model: str, tokens: int, epochs: float | Decimal, day: dt.date, *, method: str | None = None,
    validation_tokens: int = 0, evaluations: int = 1,
) -> TrainingPrice:  # fmt: skip
    """tokens x epochs x the training price / 1e6, at least the minimum charge. Validation tokens are added where the host bills them.

    `model` is an id as the table or the host writes it; where a host prices by size, the size is read in the name ("8B"). Without `method`
    supervised tuning is taken, by LoRA where the host offers it.
    """
    billed = Billed(tokens, Decimal(str(epochs)), validation_tokens, evaluations)
    rows = [offer for offer in _table() if offer.provider == provider]
    matching = [offer for offer in rows if _fits(offer.model, model)]
    offer = _chosen(matching, method)
    if offer is None:
        why = _why_none(provider, model, method, rows, matching)
        return TrainingPrice(provider, model, None, why, (), None, "unknown", f"{why}. {_instead(day)}")
    told = _priced(offer, billed)
    return TrainingPrice(
        provider, model, told.usd, told.why, told.lines, offer, offer.standing(day), _words(offer, day)
    )


def offer_price(offer: Offer, tokens: int, epochs: float | Decimal) -> Decimal | None:
    """What a training of so many tokens costs by this row, to the cent; None where the row does not say."""
    usd = _priced(offer, Billed(tokens, Decimal(str(epochs)))).usd
    return None if usd is None else usd.quantize(CENT, ROUND_HALF_UP)


def _table() -> tuple[Offer, ...]:
    """The rows as they stand, prices as `Decimal`. `curated.fine_tuning` leaves out minimum charges and notes."""
    names = [field.name for field in fields(Offer)]
    return tuple(
        Offer(**{name: _value(name, row[name]) for name in names if name in row}) for row in curated.rows("fine_tuning")
    )


def _value(name: str, value: Any) -> Any:
    return Decimal(str(value)) if "usd" in name else value


def _fits(offered: str, model: str) -> bool:
    """Whether an offer is for this model: by name, by name without its date, by size, or for all."""
    if offered in {"*", model} or DATED.sub("", offered) == model:
        return True
    band, size = BAND.fullmatch(offered), billions(model)
    if band is None or size is None:
        return False
    least, most = Decimal(band["from"] or band["least"] or 0), Decimal(band["to"] or band["most"] or "Infinity")
    return (size > least if band["least"] else size >= least) and size <= most


def billions(model: str) -> Decimal | None:
    """Billions of parameters as a model's name says them: Qwen3-30B-A3B is 30, smollm2-135M 0.135; None when it does not say."""
    found = SIZE.search(model.lower())
    return None if found is None else Decimal(found[1]) / (1 if found[2] == "b" else 1000)


def _chosen(matching: list[Offer], method: str | None) -> Offer | None:
    """The offer by this method; without one, supervised tuning, else whatever there is."""
    if method is not None:
        return next((offer for offer in matching if offer.method == method), None)
    supervised = (offer for wanted in SUPERVISED for offer in matching if offer.method == wanted)
    return next(supervised, matching[0] if matching else None)


def _why_none(provider: str, model: str, method: str | None, rows: list[Offer], matching: list[Offer]) -> str:
    if not rows:
        known = ", ".join(sorted({offer.provider for offer in _table()}))
        return f"no fine-tuning offer of {provider!r:.40} is known; known are {known}"
    if matching:
        return (
            f"{provider} has no {method!r:.40} for {model:.60}; it has {', '.join(str(one.method) for one in matching)}"
        )
    by_size = any(BAND.fullmatch(offer.model) for offer in rows)
    told = ", ".join(dict.fromkeys(offer.model for offer in rows))
    need = "; it prices by size, and the name says none that fits" if by_size else ""
    return f"{provider} has no known offer for {model:.60}{need}: its rows are {told}"


@dataclass(frozen=True, slots=True)
class _Sum:
    usd: Decimal | None
    why: str | None
    lines: tuple[str, ...] = ()


def _priced(offer: Offer, billed: Billed) -> _Sum:
    """The training's price by tokens, with its lines; by the hour it is unknown."""
    rate = offer.training_usd_per_mtok
    if rate is None:
        hourly = offer.training_usd_per_hour
        why = (
            "no price is known" if hourly is None else f"it is billed by the hour of training, ${hourly}, not by tokens"
        )
        return _Sum(None, f"{offer.provider} {offer.model} {offer.method}: {why}; see {offer.source}")
    usd = billed.tokens * billed.epochs * rate / MTOK
    lines = [f"{billed.tokens:,} tokens x {billed.epochs} epochs x ${rate} / 1e6 = {dollars(usd)}"]
    if billed.validation_tokens and offer.provider in VALIDATION_BILLED:
        times = billed.evaluations if VALIDATION_BILLED[offer.provider] == "at each evaluation" else 1
        added = billed.validation_tokens * times * rate / MTOK
        usd += added
        lines.append(
            f"{billed.validation_tokens:,} validation tokens x {times} x ${rate} / 1e6 = {dollars(added)}, billed too"
        )
    if offer.min_charge_usd is not None and usd < offer.min_charge_usd:
        usd = offer.min_charge_usd
        lines.append(f"the least that a job is billed: {dollars(usd)}")
    dated = f"read {offer.checked}" if offer.as_of is None else f"as of {offer.as_of}"
    lines.append(f"price from {offer.source}, {dated}; the host's tokenizer decides the count")
    return _Sum(usd, None, tuple(lines))


def dollars(usd: Decimal) -> str:
    """The amount to the cent, or to six places below a cent."""
    small = 0 < abs(usd) < CENT
    return f"${usd.quantize(Decimal('0.000001') if small else CENT, ROUND_HALF_UP):,}"


def _words(offer: Offer, day: dt.date) -> str:
    """The standing in words: since when, until when, and what to do instead where it is not simply open."""
    standing, name = offer.standing(day), f"{offer.provider} {offer.model}"
    note = f" {offer.note}" if offer.note else ""
    if standing == "open":
        sized = (
            " Ask the host whether it tunes the model you mean: it is priced by size."
            if BAND.fullmatch(offer.model)
            else ""
        )
        return f"{name}: open.{note}{sized}"
    if standing == "unknown":
        return f"{name}: whether it is open is not known.{note}"
    if standing == "closed":
        since = f" since {offer.closes}" if offer.closes else ""
        return f"{name}: closed{since}; no job can be started.{note} {_instead(day)}"
    assert offer.closes is not None, "what is closing has a date"
    left = (dt.date.fromisoformat(offer.closes) - day).days
    already = f"{offer.status}; " if offer.status and offer.status.startswith("closed to") else ""
    return f"{name}: {already}nobody can start a job from {offer.closes} on, {left} days after {day}.{note} {_instead(day)}"


def _instead(day: dt.date) -> str:
    """Where to train instead: here, or at the open hosts with their lowest LoRA price."""
    lowest: dict[str, Decimal] = {}
    for offer in _table():
        rate = offer.training_usd_per_mtok
        if offer.standing(day) == "open" and offer.method == "sft-lora" and rate is not None:
            lowest[offer.provider] = min(rate, lowest.get(offer.provider, rate))
    hosts = ", ".join(f"{host} (${rate})" for host, rate in sorted(lowest.items(), key=lambda one: one[1]))
    at = f", or at a host that is open, per million training tokens of a small model: {hosts}" if hosts else ""
    return f"Instead: train an open-weight model on your own machine{at}."
