"""Models side by side: the facts, the licence's duties, what each would cost for a workload, one row each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog import answer, curated
from catalog.cost import HOURS_PER_MONTH, break_even_requests
from catalog.errors import BadInput
from catalog.hardware import own_gpu
from catalog.legal import terms
from catalog.lookup import find
from catalog.models import Catalog, Model
from catalog.requirements import Requirements, Workload
from catalog.shortlist import Judged, judge
from catalog.status import is_current, stops_on

MOST = 8


def compare(catalog: Catalog, names: Sequence[str], workload: Workload, today: dt.date) -> dict[str, Any]:
    """`rows`, one a name in the order asked, each with facts, terms, cost and what is unknown or disputed."""
    if not 1 <= len(names) <= MOST:
        raise BadInput(f"compare takes 1 to {MOST} models, found {len(names)}")
    r = Requirements(workload=workload)
    rows = [_row(catalog, name, r, today) for name in names]
    return {
        "workload": workload.model_dump(mode="json", exclude_defaults=True),
        "rows": rows,
        "catalog_built": catalog.built,
    }


def sheet(catalog: Catalog, name: str, today: dt.date) -> dict[str, Any]:
    """All that the catalogue knows of one model: every claim of every fact, offerings, ratings, benchmarks, licence."""
    match = find(catalog, name)
    model = match.model
    return {
        "model": model.id, "name": model.name, "note": match.note, "status": _status(model, today),
        "facts": {
            field: [{"value": _plain(c.value), "source": catalog.sources[c.source].name, "as_of": c.as_of} for c in claims]
            for field in (*answer.SHOWN, "modalities_out", "repo", "kv_bytes_per_token", "kv_bytes_at_most", "retires")
            if (claims := getattr(model, field).claims)
        },
        "unknown": answer.unknowns(model), "license_terms": _terms(model),
        "offerings": answer.offerings_table(model, today),
        "ratings": [[r.board, r.rating, r.low, r.high, r.rank, r.as_of] for r in model.ratings],
        "benchmarks": [[b.name, b.score, b.unit, b.source, b.as_of, b.url] for b in model.benchmarks],
        "rate_limits": [row for row in curated.rows("rate_limits") if row["model"] == model.id.split("/")[1]],
        "aliases": list(model.aliases),
    }  # fmt: skip


def _row(catalog: Catalog, name: str, r: Requirements, today: dt.date) -> dict[str, Any]:
    match = find(catalog, name)
    model = match.model
    judged = judge(model, r, today)
    place, rated = judged.offering, model.rating_on("overall")
    return {
        "asked": name, "model": model.id, "note": match.note, "status": _status(model, today),
        "facts": answer.facts(model, place), "license_terms": _terms(model),
        "provider": place.provider if place else None, "monthly_cost_usd": answer.usd(judged),
        "cost_notes": [*(judged.cost.notes if judged.cost else ()), *answer.elsewhere(judged)],
        "overall_rating": None if rated is None else [rated.rating, rated.low, rated.high, rated.as_of],
        "own_gpu": _own(model, r, judged), "subscriptions": _plans(model, judged, r),
        "unknowns": answer.unknowns(model),
        "problems": [f"{miss.wanted}: {miss.found}" for miss in judged.failed],
        "sources": answer.sources(catalog, model, place),
    }  # fmt: skip


def _status(model: Model, today: dt.date) -> str:
    if not is_current(model, today):
        return f"retired {model.retires.value}" if model.retires.known else "can no longer be had"
    stops = stops_on(model, today)
    return f"stops {stops}" if stops else "current"


def _terms(model: Model) -> dict[str, Any] | None:
    """The licence's duties as our table reads them. Not legal advice."""
    known = terms(model)
    if known is None:
        return None
    return {
        "tag": known.tag, "name": known.name, "commercial_use": known.commercial_use, "derivatives": known.derivatives,
        "monthly_active_users_cap": known.monthly_active_users_cap, "annual_revenue_usd_cap": known.annual_revenue_usd_cap,
        "duties": known.duties, "note": known.note, "basis": known.basis, "source": known.source, "checked": known.checked,
    }  # fmt: skip


def _own(model: Model, r: Requirements, judged: Judged) -> dict[str, Any] | None:
    """The cheapest GPU hire that holds an open model, and the requests a month from which it undercuts the API."""
    gpu = own_gpu(model, r) if model.open_weights.value else None
    if gpu is None:
        return None
    each = _usd_per_request(judged, r)
    even = None if each is None else break_even_requests(gpu.monthly_usd, each)
    needed = None if even is None else float(even * (r.workload.output_tokens or 0) / (HOURS_PER_MONTH * 3600))
    return answer.hire(gpu) | {
        "cheaper_than_api_from_requests_per_month": None if even is None else int(even),
        "needs_output_tokens_per_s_there": None if needed is None else round(needed, 1),
    }


def _plans(model: Model, judged: Judged, r: Requirements) -> list[dict[str, Any]]:
    """The maker's subscriptions and how many API requests a month each would pay for. Most do not include API use."""
    each = _usd_per_request(judged, r)
    plans = [row for row in curated.rows("subscriptions") if row["provider"] == model.maker]
    return [
        {"plan": row["name"], "usd_per_month": row["usd_per_month"],
         "equals_api_requests_per_month": None if not each else int(Decimal(row["usd_per_month"]) / each), "source": row["source"]}
        for row in plans
    ]  # fmt: skip


def _usd_per_request(judged: Judged, r: Requirements) -> Decimal | None:
    requests = r.workload.requests_per_month
    return judged.cost.monthly_usd / requests if judged.cost and requests else None


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
