"""Constraints on where a model is bought: providers, regions, prices, the monthly budget, the prompt's length."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from catalog.cost import monthly_cost, priced_volume
from catalog.models import Model, Offering
from catalog.requirements import Requirements
from catalog.verdict import YES, Answer, OfferingConstraint, Verdict, at_most


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
    if region.startswith("us-gov"):
        return {region, "us-gov"}  # open to few: it is no ordinary region of the US
    names = {region, wide.get(region.split("-", maxsplit=1)[0], region)}
    return (names - {"eu"} if region == "eu-west-2" else names) | ({special[region]} if region in special else set())


def _cap(
    most: Decimal | None, field: str, name: str, pick: Callable[[tuple[Decimal | None, Decimal | None]], Decimal | None]
) -> OfferingConstraint | None:
    def judge(_: Model, offering: Offering) -> Verdict:
        sheet = offering.prices
        price = pick((sheet.standard.input, sheet.standard.output)) if sheet else None
        return at_most(price, most or Decimal(0), f"{name} $/M")

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
