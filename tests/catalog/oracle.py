"""The hard constraints and the monthly bill a second time, from their specification: what the tests hold the product to.

An answer is True (yes), False (no) or None (unknown). Nothing here calls the constraints, the costs or the ranking.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from functools import cache

from catalog import curated, hardware
from catalog.identity import canonical_maker
from catalog.models import Model, Offering, Rates
from catalog.places import region_names
from catalog.requirements import Requirements, Workload

Answer = bool | None

BITS_STORED = {4: 4.85, 8: 8.5, 16: 16.0}
USABLE_SHARE = 0.9
TOKENS_IF_NOTHING_IS_SAID = 8192


def verdict(model: Model, live: tuple[Offering, ...], r: Requirements) -> Answer:
    """What the specification says of a model with these live offerings."""
    return all_of([*of_model(model, r), *of_places(live, r)])


def all_of(answers: Iterable[Answer]) -> Answer:
    """No if any is no, else unknown if any is unknown, else yes."""
    found = list(answers)
    return False if False in found else None if None in found else True


def best_of(answers: Iterable[Answer]) -> Answer:
    """Yes if any is yes, else unknown if any is unknown, else no."""
    found = list(answers)
    return True if True in found else None if None in found else False


def at_least(value: float | None, least: float | None) -> Answer:
    """Whether `value` reaches `least`; yes where nothing is asked."""
    return True if not least else None if value is None else value >= least


def at_most(value: float | Decimal | None, most: float | Decimal | None) -> Answer:
    """Whether `value` stays within `most`; yes where nothing is asked."""
    return True if most is None else None if value is None else value <= most


def equals(value: bool | None, asked: bool | None) -> Answer:
    """Whether `value` is what was asked; yes where nothing is."""
    return True if asked is None else None if value is None else value == asked


# --- a model itself


def of_model(model: Model, r: Requirements) -> list[Answer]:
    """One answer for every constraint on the model, set or not."""
    return [
        equals(model.open_weights.value, r.open_weights),
        equals(model.tool_calling.value, r.tool_calling),
        equals(model.structured_output.value, r.structured_output),
        equals(model.reasoning.value, r.reasoning),
        _license_allowed(model, r),
        *_terms(model, r),
        _own_hardware(model, r),
        _hire(model, r),
        _fine_tunable(model, r),
        _workload(model, r.workload),
        at_least(_known_context(model), r.min_context_tokens),
        at_least(model.max_output_tokens.value, r.min_output_tokens),
        _memory(model, r),
        _within(r.modalities_in, model.modalities_in.value),
        _within(r.modalities_out, model.modalities_out.value),
        _since(model.knowledge_cutoff.values, r.knowledge_cutoff_from),
        _since(model.release_date.values[:1], r.released_from),
        at_least(model.parameters_b.value, r.min_parameters_b),
        at_most(model.parameters_b.value, r.max_parameters_b),
        *_maker(model, r),
        at_least(next((x.rating for x in model.ratings if x.board == r.board), None), r.min_rating),
    ]


def license_of(model: Model) -> curated.License | None:
    """The row of the licence table that applies to a model."""
    if not model.open_weights.value:
        return curated.licenses().get(f"api-terms:{model.maker}".lower())
    if model.license.value is None:
        return None
    tag = model.license.value.lower()
    return curated.licenses().get(f"{tag}:{model.maker}") or curated.licenses().get(tag)


def _license_allowed(model: Model, r: Requirements) -> Answer:
    if not r.licenses_allow:
        return True
    if model.open_weights.value is False:
        return False
    tag = model.license.value
    if tag is None:
        return None
    same = {name.lower() for name in r.licenses_allow}
    rows = [row for row in curated.rows("licenses") if tag.lower() in (row["tag"], *row.get("aliases", ()))]
    return tag.lower() in same or any(same & {row["tag"], *row.get("aliases", ())} for row in rows)


def _terms(model: Model, r: Requirements) -> list[Answer]:
    row = license_of(model)
    answers: list[Answer] = []
    if r.commercial_use:
        answers.append(row.commercial_use if row else None)
    if r.derivatives:
        answers.append(False if model.open_weights.value is False else row.derivatives if row else None)
    if r.monthly_active_users is not None:
        answers.append(_under_cap(row, row.monthly_active_users_cap if row else None, r.monthly_active_users))
    if r.annual_revenue_usd is not None:
        answers.append(_under_cap(row, row.annual_revenue_usd_cap if row else None, r.annual_revenue_usd))
    return answers


def _under_cap(row: curated.License | None, cap: curated.Cap, size: int | Decimal) -> Answer:
    if row is None or cap is None:
        return None
    if cap == "none" or size <= cap:
        return True
    return None if row.cap_binds else False


def _own_hardware(model: Model, r: Requirements) -> Answer:
    if not r.own_hardware:
        return True
    if model.open_weights.value is False:
        return False
    return True if model.repo.known else None


def _hire(model: Model, r: Requirements) -> Answer:
    if not r.own_hardware or r.max_monthly_usd is None or r.memory_gb is not None:
        return True
    hired = hardware.own_gpu(model, r)
    return at_most(hired.monthly_usd if hired else None, r.max_monthly_usd)


def _fine_tunable(model: Model, r: Requirements) -> Answer:
    if not r.fine_tunable or model.open_weights.value:
        return True
    names = {model.id.split("/")[1], *model.aliases}
    found = [row.status for row in curated.fine_tuning() if row.model.split("/")[-1] in names]
    return None if not found else "open" in found


def _workload(model: Model, w: Workload) -> Answer:
    if w.prompt_tokens + w.generated_tokens == 0:
        return True
    context, prompt, output = model.context_tokens.value, model.max_input_tokens.value, model.max_output_tokens.value
    if context is None and prompt is None:
        return None
    fits = (
        at_most(w.prompt_tokens, prompt),
        at_most(w.prompt_tokens + w.generated_tokens, context),
        at_most(w.generated_tokens, output),
    )
    return all(fits)


def _known_context(model: Model) -> int | None:
    known = model.context_tokens.value
    return model.max_input_tokens.value if known is None else known


def _memory(model: Model, r: Requirements) -> Answer:
    if r.memory_gb is None:
        return True
    if model.parameters_b.value is None:
        return None
    weights_gb = model.parameters_b.value * BITS_STORED[r.quantization_bits] / 8
    usable_gb = USABLE_SHARE * r.memory_gb
    if weights_gb > usable_gb:
        return False
    exact, bound = model.kv_bytes_per_token.value, model.kv_bytes_at_most.value
    per_token = bound if exact is None else exact
    if per_token is None:
        return None
    asked = max(r.workload.prompt_tokens + r.workload.generated_tokens, r.min_context_tokens or 0)
    fits = weights_gb + per_token * (asked or TOKENS_IF_NOTHING_IS_SAID) / 1e9 <= usable_gb
    return None if exact is None and not fits else fits  # a bound that does not fit says nothing


def _within(asked: tuple[str, ...], known: tuple[str, ...] | None) -> Answer:
    return True if not asked else None if known is None else set(asked) <= set(known)


def _since(dates: tuple[str, ...], day: dt.date | None) -> Answer:
    if day is None:
        return True
    if not dates:
        return None
    if min(map(first_day, dates)) >= day:
        return True
    return False if max(map(last_day, dates)) < day else None


@cache
def first_day(date: str) -> dt.date:
    """The earliest day that a date of limited precision may mean."""
    year, month, day = (*(int(part) for part in date.split("-")), 1, 1)[:3]
    return dt.date(year, month, day)


@cache
def last_day(date: str) -> dt.date:
    """The latest day that it may mean."""
    first, precision = first_day(date), date.count("-")
    if precision == 2:
        return first
    month = first.month if precision == 1 else 12
    return dt.date(first.year, month, calendar.monthrange(first.year, month)[1])


def _maker(model: Model, r: Requirements) -> list[Answer]:
    answers: list[Answer] = [
        model.maker not in map(canonical_maker, r.makers_deny),
        not r.makers_allow or model.maker in map(canonical_maker, r.makers_allow),
    ]
    if r.maker_countries_deny:
        country = curated.countries().get(model.maker)
        answers.append(None if country is None else country not in [name.lower() for name in r.maker_countries_deny])
    return answers


# --- where it is bought


def of_places(live: tuple[Offering, ...], r: Requirements) -> list[Answer]:
    """The best answer of the places where a model can be bought, where that matters."""
    if r.own_hardware:
        return []
    if not live:
        return [None] if _asks_about_places(r) else []
    return [best_of(of_offering(offering, r) for offering in live)]


def _asks_about_places(r: Requirements) -> bool:
    return bool(
        r.providers_allow or r.providers_deny or r.regions_allow or r.regions_deny
        or r.max_input_usd_per_mtok is not None or r.max_output_usd_per_mtok is not None or _capped_by_the_month(r)
    )  # fmt: skip


def _capped_by_the_month(r: Requirements) -> bool:
    w = r.workload
    return None not in (r.max_monthly_usd, w.requests_per_month, w.input_tokens, w.output_tokens)


def of_offering(offering: Offering, r: Requirements) -> Answer:
    """Whether one place satisfies everything that is asked of places."""
    prices = offering.prices
    answers: list[Answer] = [
        not r.providers_allow or offering.provider in r.providers_allow,
        offering.provider not in r.providers_deny,
        at_most(prices.standard.input if prices else None, r.max_input_usd_per_mtok),
        at_most(prices.standard.output if prices else None, r.max_output_usd_per_mtok),
        offering.max_input_tokens is None or r.workload.prompt_tokens <= offering.max_input_tokens,
    ]
    if r.regions_allow:
        answers.append(None if offering.region is None else bool(region_names(offering.region) & set(r.regions_allow)))
    if r.regions_deny:
        answers.append(None if offering.region is None else not region_names(offering.region) & set(r.regions_deny))
    if _capped_by_the_month(r):
        answers.append(at_most(bill(offering, r.workload), r.max_monthly_usd))
    return all_of(answers)


# --- the bill


def bill(offering: Offering, w: Workload) -> Decimal | None:
    """Dollars a month, exact; None where the volume or the price is unknown."""
    sheet = offering.prices
    if sheet is None or w.requests_per_month is None or w.input_tokens is None or w.output_tokens is None:
        return None
    rates = sheet.standard
    batch = sheet.tiers.get("batch")
    if w.reasoning_tokens and "thinking" in sheet.tiers:
        rates = sheet.tiers["thinking"]
    if w.batch and batch and batch.input is not None and batch.output is not None:
        # A batch list that stops short of this prompt's length prices nothing there: the standard long rate is charged.
        silent = sheet.standard.above and not batch.above and any(w.prompt_tokens > least for least, _ in rates.above)
        rates = rates if silent else batch
    one = _one_request(_at_length(rates, w.prompt_tokens), w)
    if one is None:
        return None
    month = w.requests_per_month * one / 10**6
    if sheet.peak is None or w.batch:
        return month
    share = sheet.peak.week_share if w.peak_share is None else Decimal(str(w.peak_share))
    return month * (1 + share * (sheet.peak.multiplier - 1))


def _at_length(rates: Rates, prompt_tokens: int) -> Rates:
    """The rates for a prompt of this length."""
    reached = [(threshold, long) for threshold, long in rates.above if prompt_tokens > threshold]
    return max(reached, key=lambda step: step[0])[1] if reached else rates


def _one_request(rates: Rates, w: Workload) -> Decimal | None:
    """Millionths of a dollar for one request."""
    if rates.input is None or rates.output is None:
        return None
    cached = w.prompt_tokens * Decimal(str(w.cached_share))
    cache_read = rates.input if rates.cache_read is None else rates.cache_read
    reasoning = rates.output if rates.reasoning is None else rates.reasoning
    return (
        (w.prompt_tokens - cached) * rates.input
        + cached * cache_read
        + (w.output_tokens or 0) * rates.output
        + w.reasoning_tokens * reasoning
    )
