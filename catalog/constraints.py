"""Hard constraints: each looks at one model, or one of its offerings, and says yes, no with what it found, or unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from catalog import curated, hardware
from catalog.cost import monthly_cost, priced_volume
from catalog.dates import Span, span
from catalog.facts import Fact
from catalog.identity import canonical_maker
from catalog.models import Model, Offering
from catalog.requirements import Requirements


class Answer(Enum):
    """What a constraint says of a candidate."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer and what it rests on, for people: `context 8,192`, `licence unknown`."""

    answer: Answer
    found: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A named requirement. `field` is what would have to change in `Requirements` to lift it."""

    field: str
    wanted: str
    judge: Callable[[Model], Verdict]


@dataclass(frozen=True, slots=True)
class OfferingConstraint:
    """As `Constraint`, for one place where a model can be had."""

    field: str
    wanted: str
    judge: Callable[[Model, Offering], Verdict]


YES = Verdict(Answer.YES)


def model_constraints(r: Requirements) -> tuple[Constraint, ...]:
    """The constraints that `r` sets on a model itself, in the order in which rejections are counted."""
    found = (*_legal(r), *_room(r), *_abilities(r), *_age_and_size(r), *_maker(r), *_rated(r))
    return tuple(constraint for constraint in found if constraint is not None)


def offering_constraints(r: Requirements) -> tuple[OfferingConstraint, ...]:
    """The constraints that `r` sets on where the model is bought. None for a model on the user's own hardware."""
    if r.own_hardware:
        return ()
    prompt = r.workload.prompt_tokens
    found: list[OfferingConstraint | None] = [
        _set(r.providers_allow, "providers_allow", "from {}", lambda o, names: o.provider in names),
        _set(r.providers_deny, "providers_deny", "not from {}", lambda o, names: o.provider not in names),
        _regions(r.regions_allow, "regions_allow", "hosted in {}", inside=True),
        _regions(r.regions_deny, "regions_deny", "not hosted in {}", inside=False),
        _cap(r.max_input_usd_per_mtok, "max_input_usd_per_mtok", "input", lambda p: p[0]),
        _cap(r.max_output_usd_per_mtok, "max_output_usd_per_mtok", "output", lambda p: p[1]),
        _budget(r),
        OfferingConstraint("workload", f"takes prompts of {prompt:,} tokens", lambda _, o: _takes(o, prompt)) if prompt else None,
    ]  # fmt: skip
    return tuple(constraint for constraint in found if constraint is not None)


# --- licence and openness


def _legal(r: Requirements) -> tuple[Constraint | None, ...]:
    users, revenue = r.monthly_active_users, r.annual_revenue_usd
    return (
        _flag(r.open_weights, "open_weights", "open weights", "closed weights", lambda m: m.open_weights),
        _when(r.licenses_allow, "licenses_allow", f"licence {' or '.join(r.licenses_allow)}", lambda m: _tagged(m, r.licenses_allow)),
        _when(r.own_hardware, "own_hardware", "runs on own hardware", _downloadable),
        _when(r.commercial_use, "commercial_use", "commercial use", lambda m: _licensed(m, "commercial_use")),
        _when(r.derivatives, "derivatives", "derivatives may be released", _derivable),
        _when(users is not None, "monthly_active_users", f"licence for {users or 0:,} monthly users",
              lambda m: _under_cap(m, "monthly_active_users_cap", users)),
        _when(revenue is not None, "annual_revenue_usd", f"licence at ${revenue or 0:,} revenue a year",
              lambda m: _under_cap(m, "annual_revenue_usd_cap", revenue)),
        _when(r.fine_tunable, "fine_tunable", "can be fine-tuned", _tunable),
    )  # fmt: skip


def _tagged(model: Model, tags: tuple[str, ...]) -> Verdict:
    if model.open_weights.value is False:
        return Verdict(Answer.NO, "closed weights")
    tag = model.license.value
    if tag is None:
        return Verdict(Answer.UNKNOWN, "licence unknown")
    return (
        YES
        if curated.canonical_tag(tag) in {curated.canonical_tag(wanted) for wanted in tags}
        else Verdict(Answer.NO, f"licence {tag}")
    )


def terms(model: Model) -> curated.License | None:
    """The licence of an open model, or the maker's API terms of a closed one; None when unknown or not in our table."""
    tag = model.license.value if model.open_weights.value else f"api-terms:{model.maker}"
    if tag is None:
        return None
    known = curated.licenses()  # makers put the tag `modified-mit` on different texts
    return known.get(f"{tag}:{model.maker}".lower()) or known.get(tag.lower())


def _licensed(model: Model, name: str) -> Verdict:
    known = terms(model)
    allowed = getattr(known, name) if known else None
    if known is None or allowed is None:
        return Verdict(Answer.UNKNOWN, f"licence {model.license.value or 'terms'} not known to allow it")
    return YES if allowed else Verdict(Answer.NO, f"licence {known.tag}")


def _derivable(model: Model) -> Verdict:
    if model.open_weights.value is False:
        return Verdict(Answer.NO, "closed weights")
    return _licensed(model, "derivatives")


def _under_cap(model: Model, name: str, wanted: int | Decimal | None) -> Verdict:
    known = terms(model)
    cap = getattr(known, name) if known else None
    if known is None or cap is None:
        return Verdict(Answer.UNKNOWN, f"licence {model.license.value or 'terms'}: cap unknown")
    if cap == "none" or Decimal(wanted or 0) <= cap:
        return YES
    if known.cap_binds:
        return Verdict(Answer.UNKNOWN, f"licence {known.tag}: above {cap:,} it asks more of {known.cap_binds}")
    return Verdict(Answer.NO, f"licence {known.tag} up to {cap:,}")


def _downloadable(model: Model) -> Verdict:
    if model.open_weights.value is False:
        return Verdict(Answer.NO, "closed weights")
    return YES if model.repo.known else Verdict(Answer.UNKNOWN, "no source names its weights' repository")


def _tunable(model: Model) -> Verdict:
    """Open weights can be tuned by whoever holds them; a closed model where an open offer is listed."""
    offers = [offer for offer in curated.fine_tuning() if _same_model(offer.model, model)]
    if model.open_weights.value or any(offer.status == "open" for offer in offers):
        return YES
    return Verdict(Answer.NO, offers[0].status or "closed") if offers else Verdict(Answer.UNKNOWN, "no offer listed")


def _same_model(name: str, model: Model) -> bool:
    tail = name.rsplit("/", maxsplit=1)[-1]
    return tail == model.id.split("/")[1] or tail in model.aliases


# --- room


def _room(r: Requirements) -> tuple[Constraint | None, ...]:
    w = r.workload
    both = w.prompt_tokens + w.generated_tokens
    return (
        _when(both > 0, "workload", f"{w.prompt_tokens:,} tokens in and {w.generated_tokens:,} out fit",
              lambda m: _fits(m, w.prompt_tokens, w.generated_tokens)),
        _when(r.min_context_tokens, "min_context_tokens", f"context of {r.min_context_tokens or 0:,} tokens",
              lambda m: _at_least(m.context_tokens if m.context_tokens.known else m.max_input_tokens,
                                  r.min_context_tokens or 0, "context")),
        _when(r.min_output_tokens, "min_output_tokens", f"output of {r.min_output_tokens or 0:,} tokens",
              lambda m: _at_least(m.max_output_tokens, r.min_output_tokens or 0, "output")),
        _when(r.memory_gb, "memory_gb", f"fits {r.memory_gb or 0:g} GB at {r.quantization_bits} bit",
              lambda m: _fits_memory(m, r)),
        _when(r.own_hardware and r.max_monthly_usd is not None and not r.memory_gb, "max_monthly_usd",
              f"GPU hire at most ${r.max_monthly_usd or 0:,} a month", lambda m: _hire_within(m, r)),
    )  # fmt: skip


def _fits(model: Model, prompt: int, generated: int) -> Verdict:
    """The prompt within the input limit, prompt and output together within the context, output within its limit."""
    total, most_in, most_out = model.context_tokens.value, model.max_input_tokens.value, model.max_output_tokens.value
    if total is None and most_in is None:
        return Verdict(Answer.UNKNOWN, "context unknown")
    if most_in is not None and prompt > most_in:
        return Verdict(Answer.NO, f"input up to {most_in:,}")
    if total is not None and prompt + generated > total:
        return Verdict(Answer.NO, f"context {total:,}")
    if most_out is not None and generated > most_out:
        return Verdict(Answer.NO, f"output up to {most_out:,}")
    return YES


def _fits_memory(model: Model, r: Requirements) -> Verdict:
    need = hardware.memory(model, r)
    if need is None:
        return Verdict(Answer.UNKNOWN, "parameters unknown")
    fits = need.fits(r.memory_gb or 0)
    if fits is None:
        return Verdict(Answer.UNKNOWN, f"weights {need.weights_gb:.1f} GB, cache unknown")
    return YES if fits else Verdict(Answer.NO, f"needs {need.weights_gb + (need.cache_gb or 0):.1f} GB")


def _hire_within(model: Model, r: Requirements) -> Verdict:
    gpu = hardware.own_gpu(model, r)
    if gpu is None:
        return Verdict(Answer.UNKNOWN, "no listed GPU instance is known to hold it")
    within = gpu.monthly_usd <= (r.max_monthly_usd or 0)
    return YES if within else Verdict(Answer.NO, f"{gpu.hire.gpu} from ${gpu.monthly_usd:,.2f} a month")


# --- abilities


def _abilities(r: Requirements) -> tuple[Constraint | None, ...]:
    return (
        _holds(r.modalities_in, "modalities_in", "reads {}", lambda m: m.modalities_in),
        _holds(r.modalities_out, "modalities_out", "writes {}", lambda m: m.modalities_out),
        _flag(r.tool_calling, "tool_calling", "tool calling", "no tool calling", lambda m: m.tool_calling),
        _flag(r.structured_output, "structured_output", "structured output", "no structured output",
              lambda m: m.structured_output),
        _flag(r.reasoning, "reasoning", "reasoning", "no reasoning", lambda m: m.reasoning),
    )  # fmt: skip


def _holds(
    wanted: tuple[str, ...], field: str, text: str, fact: Callable[[Model], Fact[tuple[str, ...]]]
) -> Constraint | None:
    def judge(model: Model) -> Verdict:
        have = fact(model).value
        if have is None:
            return Verdict(Answer.UNKNOWN, "modalities unknown")
        return YES if set(wanted) <= set(have) else Verdict(Answer.NO, ", ".join(have))

    return Constraint(field, text.format(", ".join(wanted)), judge) if wanted else None


# --- age and size


def _age_and_size(r: Requirements) -> tuple[Constraint | None, ...]:
    cutoff, released = r.knowledge_cutoff_from, r.released_from
    return (
        _when(cutoff, "knowledge_cutoff_from", f"knowledge to {cutoff} or later",
              lambda m: _on_or_after(tuple(str(v) for v in m.knowledge_cutoff.values), cutoff, "cutoff")),
        _when(released, "released_from", f"released {released} or later",
              lambda m: _on_or_after(tuple(str(v) for v in m.release_date.values[:1]), released, "released")),
        _when(r.min_parameters_b, "min_parameters_b", f"at least {r.min_parameters_b or 0:g}B parameters",
              lambda m: _at_least(m.parameters_b, r.min_parameters_b or 0, "parameters (B)")),
        _when(r.max_parameters_b is not None, "max_parameters_b", f"at most {r.max_parameters_b or 0:g}B parameters",
              lambda m: _at_most(m.parameters_b.value, r.max_parameters_b or 0, "parameters (B)")),
    )  # fmt: skip


def _on_or_after(dates: tuple[str, ...], day: dt.date | None, name: str) -> Verdict:
    """Yes when every claim is surely on or after `day`, no when every claim is surely before, else unknown."""
    spans = [found for date in dates if (found := span(date))]
    if not spans or day is None:
        return Verdict(Answer.UNKNOWN, f"{name} unknown")
    whole = Span(min(s.first for s in spans), max(s.last for s in spans))
    if whole.first >= day:
        return YES
    said = " or ".join(dates)
    return Verdict(Answer.NO if whole.last < day else Answer.UNKNOWN, f"{name} {said}")


# --- maker and rating


def _maker(r: Requirements) -> tuple[Constraint | None, ...]:
    allow, deny = ({canonical_maker(name) for name in names} for names in (r.makers_allow, r.makers_deny))
    return (
        _when(allow, "makers_allow", f"made by {', '.join(sorted(allow))}",
              lambda m: YES if m.maker in allow else Verdict(Answer.NO, f"made by {m.maker}")),
        _when(deny, "makers_deny", f"not made by {', '.join(sorted(deny))}",
              lambda m: YES if m.maker not in deny else Verdict(Answer.NO, f"made by {m.maker}")),
        _when(r.maker_countries_deny, "maker_countries_deny", f"maker not from {', '.join(r.maker_countries_deny)}",
              lambda m: _not_from(m, r.maker_countries_deny)),
    )  # fmt: skip


def _not_from(model: Model, denied: tuple[str, ...]) -> Verdict:
    country = curated.countries().get(model.maker)
    if country is None:
        return Verdict(Answer.UNKNOWN, f"seat of {model.maker} unknown")
    return YES if country not in {name.lower() for name in denied} else Verdict(Answer.NO, f"maker in {country}")


def _rated(r: Requirements) -> tuple[Constraint | None, ...]:
    def judge(model: Model) -> Verdict:
        rating = next((rating for rating in model.ratings if rating.board == r.board), None)
        if rating is None:
            return Verdict(Answer.UNKNOWN, f"not on the {r.board} board")
        return YES if rating.rating >= (r.min_rating or 0) else Verdict(Answer.NO, f"rated {rating.rating:g}")

    wanted = f"rated {r.min_rating or 0:g} or more on the {r.board} board"
    return (_when(r.min_rating, "min_rating", wanted, judge),)


# --- offerings


def _set(
    names: tuple[str, ...], field: str, text: str, good: Callable[[Offering, set[str]], bool]
) -> OfferingConstraint | None:
    wanted = {name.lower() for name in names}

    def judge(_: Model, offering: Offering) -> Verdict:
        return YES if good(offering, wanted) else Verdict(Answer.NO, f"at {offering.provider}")

    return OfferingConstraint(field, text.format(", ".join(sorted(wanted))), judge) if wanted else None


def _regions(names: tuple[str, ...], field: str, text: str, *, inside: bool) -> OfferingConstraint | None:
    wanted = {name.lower() for name in names}

    def judge(_: Model, offering: Offering) -> Verdict:
        if offering.region is None:
            return Verdict(Answer.UNKNOWN, f"region of {offering.provider} not stated")
        within = bool(wanted & region_names(offering.region))
        return YES if within == inside else Verdict(Answer.NO, f"hosted in {offering.region}")

    return OfferingConstraint(field, text.format(", ".join(sorted(wanted))), judge) if wanted else None


def region_names(region: str) -> set[str]:
    """Every name a stated region answers to: `eu-central-1` is `eu`, `ap-northeast-1` is `apac` and `jp`."""
    wide = {"eu": "eu", "us": "us", "ap": "apac", "ca": "ca", "sa": "sa", "me": "me", "uk": "uk", "in": "in"}
    special = {"ap-northeast-1": "jp", "ap-northeast-3": "jp", "ap-south-1": "in", "eu-west-2": "uk"}
    names = {region, wide.get(region.split("-", maxsplit=1)[0], region)}
    return (names - {"eu"} if region == "eu-west-2" else names) | ({special[region]} if region in special else set())


def _cap(
    most: Decimal | None, field: str, name: str, pick: Callable[[tuple[Decimal | None, Decimal | None]], Decimal | None]
) -> OfferingConstraint | None:
    def judge(_: Model, offering: Offering) -> Verdict:
        sheet = offering.prices
        price = pick((sheet.standard.input, sheet.standard.output)) if sheet else None
        return _at_most(price, most or Decimal(0), f"{name} $/M")

    return None if most is None else OfferingConstraint(field, f"{name} at most ${most} per million tokens", judge)


def _budget(r: Requirements) -> OfferingConstraint | None:
    """The monthly budget, once there is a volume to price; without one there is nothing to compare."""
    most = r.max_monthly_usd
    if most is None or not priced_volume(r.workload):
        return None

    def judge(_: Model, offering: Offering) -> Verdict:
        cost = monthly_cost(offering, r.workload)
        if cost is None:
            return Verdict(Answer.UNKNOWN, f"price at {offering.provider} unknown")
        return YES if cost.monthly_usd <= most else Verdict(Answer.NO, f"${cost.cents:,} a month")

    return OfferingConstraint("max_monthly_usd", f"at most ${most:,} a month", judge)


def _takes(offering: Offering, prompt: int) -> Verdict:
    most = offering.max_input_tokens
    return YES if most is None or prompt <= most else Verdict(Answer.NO, f"{offering.provider} takes {most:,}")


# --- shapes shared by the above


def _when(wanted: object, field: str, text: str, judge: Callable[[Model], Verdict]) -> Constraint | None:
    return Constraint(field, text, judge) if wanted else None


def _flag(
    wanted: bool | None, field: str, text: str, opposite: str, fact: Callable[[Model], Fact[bool]]
) -> Constraint | None:
    def judge(model: Model) -> Verdict:
        have = fact(model).value
        if have is None:
            return Verdict(Answer.UNKNOWN, f"{text} unknown")
        return YES if have is wanted else Verdict(Answer.NO, text if have else opposite)

    return None if wanted is None else Constraint(field, text if wanted else opposite, judge)


def _at_least(fact: Fact[int] | Fact[float], least: float, name: str) -> Verdict:
    value = fact.value
    if value is None:
        return Verdict(Answer.UNKNOWN, f"{name} unknown")
    return YES if value >= least else Verdict(Answer.NO, f"{name} {value:,}")


def _at_most(value: float | Decimal | None, most: float | Decimal, name: str) -> Verdict:
    if value is None:
        return Verdict(Answer.UNKNOWN, f"{name} unknown")
    return YES if value <= most else Verdict(Answer.NO, f"{name} {value:,}")
