"""When a tuned model pays: requests a month above which training, hosting and its tokens cost less than a longer prompt to the base model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from catalog.cost import HOURS_PER_MONTH, break_even_requests, request_cost
from catalog.models import Rates
from pricer.errors import BadInput
from pricer.tuning.prices import Offer, TrainingPrice, dollars

MICRO = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, in tokens: `input_tokens` without examples, `extra_tokens` more for the base model's examples or retrieved texts. Prices
    of the base model in US dollars per million tokens. Training is paid off over `months`."""

    input_tokens: int
    extra_tokens: int
    output_tokens: int
    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    months: int = 12

    def __post_init__(self) -> None:
        counts, prices = (
            (self.input_tokens, self.extra_tokens, self.output_tokens),
            (self.input_usd_per_mtok, self.output_usd_per_mtok),
        )
        if min(counts) < 0 or min(prices) < 0 or self.months < 1:
            raise BadInput(f"wanted tokens and prices of 0 or more and at least 1 month, found {self}")


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Requests a month above which the tuned model is cheaper; None with the reason in `why`. `lines` are the arithmetic."""

    requests_per_month: Decimal | None
    why: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Serving:
    """What asking the tuned model costs: by token, by the hour of hosting, or both."""

    rates: Rates
    hosting_usd_per_hour: Decimal
    said: str


def break_even(price: TrainingPrice, request: Request, hosting_usd_per_hour: Decimal | None = None) -> BreakEven:
    """(training / months + hosting) / (base request - tuned request). `hosting_usd_per_hour` tells what the table does not know.

    A tuned model on hired hardware pays no tokens; whether one endpoint keeps up with the requests is not looked at.
    """
    if price.usd is None or price.offer is None:
        return BreakEven(None, f"the training price is not known: {price.why}", ())
    if price.standing == "closed":
        return BreakEven(None, price.words, ())
    serving = _serving(price.offer, hosting_usd_per_hour)
    if serving is None:
        return BreakEven(None, _unserved(price.offer), ())
    told = _worked_out(price.usd, request, serving)
    return told if price.standing == "open" else replace(told, lines=(*told.lines, f"mind: {price.words}"))


def _serving(offer: Offer, given: Decimal | None) -> Serving | None:
    hourly = offer.hosting_usd_per_hour if given is None else given
    tokens_in, tokens_out = offer.input_usd_per_mtok, offer.output_usd_per_mtok
    if tokens_in is not None and tokens_out is not None:
        said = "hosting: none is stated; this host bills the tuned model by the token" if hourly is None else ""
        return Serving(Rates(tokens_in, tokens_out), hourly or Decimal(0), said)
    if hourly is None:
        return None
    said = "the tuned model's tokens: paid with the hours of hosting"
    return Serving(Rates(Decimal(0), Decimal(0)), hourly, said)


def _unserved(offer: Offer) -> str:
    note = f" ({offer.note})" if offer.note else ""
    return (
        f"what asking the tuned model costs at {offer.provider} is not known{note}: neither its tokens nor its hosting has a price in "
        "the table; give the dollars per hour of hosting"
    )


def _worked_out(training_usd: Decimal, request: Request, serving: Serving) -> BreakEven:
    longer = request.input_tokens + request.extra_tokens
    base_rates = Rates(request.input_usd_per_mtok, request.output_usd_per_mtok)
    base = request_cost(base_rates, input_tokens=longer, output_tokens=request.output_tokens)
    tuned = request_cost(serving.rates, input_tokens=request.input_tokens, output_tokens=request.output_tokens)
    assert base is not None and tuned is not None, "both rates are priced"
    hosting = serving.hosting_usd_per_hour * HOURS_PER_MONTH
    fixed = training_usd / request.months + hosting
    lines = [
        f"training: {dollars(training_usd)} / {request.months} months = {dollars(training_usd / request.months)} a month",
        f"hosting: ${serving.hosting_usd_per_hour} x {HOURS_PER_MONTH} hours = {dollars(hosting)} a month",
        _request_line("base", longer, request.output_tokens, base_rates, base),
        _request_line("tuned", request.input_tokens, request.output_tokens, serving.rates, tuned),
        *([serving.said] if serving.said else []),
    ]
    requests = break_even_requests(fixed, base - tuned)
    if requests is None:
        why = "never: a request to the tuned model costs no less than one to the base model with the longer prompt"
        return BreakEven(None, why, (*lines, why))
    last = f"break-even: {dollars(fixed)} / (${_micro(base)} - ${_micro(tuned)}) = {requests:,} requests a month"
    return BreakEven(requests, None, (*lines, last))


def _request_line(name: str, tokens_in: int, tokens_out: int, rates: Rates, usd: Decimal) -> str:
    return f"a request to the {name} model: ({tokens_in:,} x ${rates.input} + {tokens_out:,} x ${rates.output}) / 1e6 = ${_micro(usd)}"


def _micro(usd: Decimal) -> Decimal:
    return usd.quantize(MICRO, ROUND_HALF_UP)
