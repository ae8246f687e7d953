"""Exact money: what a workload costs at an offering, on one's own GPUs, and where the two break even."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from catalog.models import Offering, PriceSheet, Rates
from catalog.requirements import Workload

CENT = Decimal("0.01")
MTOK = Decimal(10**6)
HOURS_PER_MONTH = Decimal(730)  # 365 x 24 / 12


@dataclass(frozen=True, slots=True)
class CostLine:
    """One term of a bill: `tokens` per month at `usd_per_mtok`."""

    name: str
    tokens: Decimal
    usd_per_mtok: Decimal
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Cost:
    """A month's bill, exact. `notes` say what the price list did not price and how that was charged."""

    monthly_usd: Decimal
    lines: tuple[CostLine, ...]
    notes: tuple[str, ...]

    @property
    def cents(self) -> Decimal:
        """The bill to the cent, half up."""
        return self.monthly_usd.quantize(CENT, ROUND_HALF_UP)


def monthly_cost(offering: Offering, workload: Workload) -> Cost | None:
    """What `workload` costs a month at `offering`; None when the volume or the price is unknown.

    requests x (fresh prompt x input + cached prompt x cache read + visible output x output + reasoning x reasoning
    rate) / 1e6, with the long-context rates where the prompt of one request exceeds their threshold, the batch rates
    where batch is asked for and priced, and the peak multiplier on the share of requests sent in peak hours.
    """
    sheet = offering.prices
    if sheet is None or not priced_volume(workload):
        return None
    notes: list[str] = []
    rates = _tier(sheet, workload, notes)
    if rates is None or rates.input is None or rates.output is None:
        return None
    lines = _lines(rates, workload, notes)
    base = sum((line.usd for line in lines), Decimal(0))
    if surcharge := base * _peak_surcharge(sheet, workload, notes):
        lines = (*lines, CostLine("peak hours", Decimal(0), Decimal(0), surcharge))
    return Cost(base + surcharge, lines, tuple(notes))


def priced_volume(workload: Workload) -> bool:
    """Whether a bill can be worked out: requests a month, tokens in and tokens out are all known. Half a bill misleads."""
    return None not in (workload.requests_per_month, workload.input_tokens, workload.output_tokens)


def blended_usd_per_mtok(offering: Offering) -> Decimal | None:
    """Three parts input to one part output, dollars per million tokens: how price lists are compared without a workload."""
    sheet = offering.prices
    if sheet is None or sheet.standard.input is None or sheet.standard.output is None:
        return None
    return (3 * sheet.standard.input + sheet.standard.output) / 4


def total_cost(monthly_usd: Decimal, months: int, one_off_usd: Decimal = Decimal(0)) -> Decimal:
    """Running cost over `months` with what is paid once: building, training, labelling."""
    return monthly_usd * months + one_off_usd


def break_even_requests(own_monthly_usd: Decimal, api_usd_per_request: Decimal) -> Decimal | None:
    """Requests a month above which a fixed monthly cost is cheaper than paying per request; None for a free API."""
    return (
        None
        if api_usd_per_request <= 0
        else (own_monthly_usd / api_usd_per_request).quantize(Decimal(1), ROUND_HALF_UP)
    )


def _tier(sheet: PriceSheet, workload: Workload, notes: list[str]) -> Rates | None:
    """The rates that apply: batch or standard, thinking where reasoning is billed so, at this prompt length."""
    rates = sheet.standard
    if workload.reasoning_tokens and "thinking" in sheet.tiers:
        rates = sheet.tiers["thinking"]
    if workload.batch:
        batch = sheet.tiers.get("batch")
        lengths = batch is not None and bool(batch.above) == bool(sheet.standard.above)
        if (
            batch is not None
            and batch.input is not None
            and batch.output is not None
            and (lengths or not _long(rates, workload))
        ):
            rates = batch
        else:
            notes.append("no batch price listed; standard price charged")
    return _long(rates, workload) or rates


def _long(rates: Rates, workload: Workload) -> Rates | None:
    """The long-context rates that replace all others for a prompt of this length, or None when it is short enough.

    What such a tier does not price (the cache, reasoning) is not taken from the cheaper short rates.
    """
    reached = [tier for above, tier in rates.above if workload.prompt_tokens > above]
    if not reached:
        return None
    last = reached[-1]
    return replace(
        last,
        input=rates.input if last.input is None else last.input,
        output=rates.output if last.output is None else last.output,
    )


def _lines(rates: Rates, workload: Workload, notes: list[str]) -> tuple[CostLine, ...]:
    assert rates.input is not None
    assert rates.output is not None
    requests = Decimal(workload.requests_per_month or 0)
    prompt = requests * workload.prompt_tokens
    cached = prompt * Decimal(str(workload.cached_share))
    cache_read = rates.cache_read
    if cached and cache_read is None:
        notes.append("no cache price listed; cached tokens charged as input")
    if cached and rates.cache_write is not None and rates.cache_write > rates.input:
        notes.append("writing the cache costs extra and is not counted")
    terms = (
        ("input", prompt - cached, rates.input),
        ("cached input", cached, rates.input if cache_read is None else cache_read),
        ("output", requests * (workload.output_tokens or 0), rates.output),
        (
            "reasoning",
            requests * workload.reasoning_tokens,
            rates.output if rates.reasoning is None else rates.reasoning,
        ),
    )
    return tuple(CostLine(name, tokens, price, tokens * price / MTOK) for name, tokens, price in terms if tokens)


def _peak_surcharge(sheet: PriceSheet, workload: Workload, notes: list[str]) -> Decimal:
    """What peak hours add, as a share of the bill at the listed price. A batch is sent outside them."""
    if sheet.peak is None or workload.batch:
        return Decimal(0)
    share = sheet.peak.week_share if workload.peak_share is None else Decimal(str(workload.peak_share))
    if workload.peak_share is None:
        notes.append(f"peak hours cost {sheet.peak.multiplier}x; requests taken as spread evenly over the week")
    return share * (sheet.peak.multiplier - 1)


def request_cost(
    rates: Rates, *, input_tokens: int, output_tokens: int, cached_tokens: int = 0, cache_write_tokens: int = 0, reasoning_tokens: int = 0
) -> Decimal | None:  # fmt: skip
    """What one request costs in US dollars, exact; None when input or output has no price.

    Cached and cache-writing tokens are part of the input, reasoning tokens of the output; what has no price of its own is charged as
    input or output. A prompt beyond the threshold of a long-context tier pays that tier's rates.
    """
    reached = [tier for above, tier in rates.above if input_tokens > above]
    if reached:
        last = reached[-1]
        rates = replace(
            last,
            input=rates.input if last.input is None else last.input,
            output=rates.output if last.output is None else last.output,
        )
    if rates.input is None or rates.output is None:
        return None
    fresh = input_tokens - cached_tokens - cache_write_tokens
    read = rates.input if rates.cache_read is None else rates.cache_read
    write = rates.input if rates.cache_write is None else rates.cache_write
    thought = rates.output if rates.reasoning is None else rates.reasoning
    visible = output_tokens - reasoning_tokens
    paid = fresh * rates.input + cached_tokens * read + cache_write_tokens * write
    return (paid + visible * rates.output + reasoning_tokens * thought) / MTOK
