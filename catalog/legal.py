"""Licences as constraints: openness, what the terms allow, caps on users and revenue, and whether it can be tuned."""

from __future__ import annotations

from decimal import Decimal

from catalog import curated
from catalog.models import Model
from catalog.requirements import Requirements
from catalog.verdict import YES, Answer, Constraint, Verdict, flag, when


def legal_constraints(r: Requirements) -> tuple[Constraint | None, ...]:
    """What `r` asks of licence and openness, in the order in which rejections are counted."""
    users, revenue = r.monthly_active_users, r.annual_revenue_usd
    return (
        flag(r.open_weights, "open_weights", "open weights", "closed weights", lambda m: m.open_weights),
        when(r.licenses_allow, "licenses_allow", f"licence {' or '.join(r.licenses_allow)}", lambda m: _tagged(m, r.licenses_allow)),
        when(r.own_hardware, "own_hardware", "runs on own hardware", _downloadable),
        when(r.commercial_use, "commercial_use", "commercial use", lambda m: _licensed(m, "commercial_use")),
        when(r.derivatives, "derivatives", "derivatives may be released", _derivable),
        when(users is not None, "monthly_active_users", f"licence for {users or 0:,} monthly users",
              lambda m: _under_cap(m, "monthly_active_users_cap", users)),
        when(revenue is not None, "annual_revenue_usd", f"licence at ${revenue or 0:,} revenue a year",
              lambda m: _under_cap(m, "annual_revenue_usd_cap", revenue)),
        when(r.fine_tunable, "fine_tunable", "can be fine-tuned", tunable),
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


def tunable(model: Model) -> Verdict:
    """Open weights can be tuned by whoever holds them; a closed model where an open offer is listed."""
    offers = [offer for offer in curated.fine_tuning() if _same_model(offer.model, model)]
    if model.open_weights.value or any(offer.status == "open" for offer in offers):
        return YES
    return Verdict(Answer.NO, offers[0].status or "closed") if offers else Verdict(Answer.UNKNOWN, "no offer listed")


def _same_model(name: str, model: Model) -> bool:
    tail = name.rsplit("/", maxsplit=1)[-1]
    return tail == model.id.split("/")[1] or tail in model.aliases
