"""The decision as a document: what `assay ask --json` prints and `recommend_models` returns."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from statistics import median
from typing import Any

from catalog import hardware
from catalog.cost import CENT
from catalog.errors import UnknownModel
from catalog.legal import terms as license_terms
from catalog.lookup import find
from catalog.models import Catalog, Model, Offering
from catalog.requirements import Requirements
from catalog.score import FORMULA
from catalog.shortlist import Candidate, Judged, Miss, Shortlist
from catalog.status import is_current, live_offerings

Document = dict[str, Any]

SHOWN = (
    "open_weights", "license", "release_date", "knowledge_cutoff", "parameters_b", "active_parameters_b",
    "training_tokens_t", "context_tokens", "max_input_tokens", "max_output_tokens", "tool_calling",
    "structured_output", "reasoning", "modalities_in",
)  # fmt: skip
WATCHED = (
    "license",
    "knowledge_cutoff",
    "parameters_b",
    "context_tokens",
    "tool_calling",
    "structured_output",
    "release_date",
)
OPEN_QUESTIONS = 5


def answer(catalog: Catalog, found: Shortlist) -> Document:
    """The shortlist as plain data: money as text to the cent, unknown as null, every figure with its source."""
    return {
        "requirements": found.requirements.model_dump(mode="json", exclude_defaults=True),
        "shortlist": [_entry(catalog, found, candidate) for candidate in found.top],
        "qualified": len(found.candidates), "unrated": _unrated(found),
        "rejected": {"total": len(found.rejected), "by_reason": found.by_reason, "retired": found.retired},
        "would_qualify_if": [_open(judged) for judged in found.open_question[:OPEN_QUESTIONS]],
        "unknown": len(found.open_question),
        "why_not": [why_not(catalog, found, name) for name in found.requirements.ask_about],
        "firm": {
            "moves": found.firmness.moves,
            "changes": [{"weight": weight, "first": first} for weight, first in found.firmness.rivals],
        },
        "relax": [
            {"drop": r.miss.wanted, "field": r.miss.field, "brings_in": r.candidate.model.id, "which_has": r.miss.found,
             "score": round(r.candidate.score, 3), "monthly_cost_usd": usd(r.candidate.judged)}
            for r in found.relaxations
        ],
        "conflict": list(found.conflict),
        "score_formula": FORMULA,
        "catalog_built": catalog.built, "as_of": as_of(catalog),
    }  # fmt: skip


def _unrated(found: Shortlist) -> dict[str, Any]:
    """How many that qualify are not on the board, and the newest of them: unrated is not bad."""
    blind = [c.model for c in found.candidates if c.model.rating_on(found.requirements.board) is None]
    newest = sorted(blind, key=lambda model: (model.release_date.value or "", model.id), reverse=True)
    return {"count": len(blind), "newest": [model.id for model in newest[:3]]}


def as_of(catalog: Catalog) -> dict[str, str | None]:
    """How old the facts are, by kind: the newest date of the sources that give prices, ratings, and the rest."""
    kinds = {"prices": ("model-prices", "litellm"), "ratings": ("arena",), "dates and abilities": ("models.dev", "inspect-ai"),
             "licences and parameters": ("llmfit",)}  # fmt: skip
    dates = {
        kind: [catalog.sources[name].as_of for name in names if name in catalog.sources]
        for kind, names in kinds.items()
    }
    return {kind: max(found, default=None) for kind, found in dates.items()}


def facts(model: Model, offering: Offering | None) -> Document:
    """The facts of one model by name, unknown as null, with the price of the offering shown."""
    known = {name: getattr(model, name).value for name in SHOWN}
    sheet = offering.prices if offering else None
    return known | {
        "modalities_in": None if known["modalities_in"] is None else list(known["modalities_in"]),
        "input_usd_per_mtok": _text(sheet.standard.input if sheet else None),
        "output_usd_per_mtok": _text(sheet.standard.output if sheet else None),
    }


def usd(judged: Judged) -> str | None:
    """The monthly cost to the cent as text, or None."""
    return None if judged.cost is None else str(judged.cost.cents)


def elsewhere(judged: Judged) -> list[str]:
    """Where else the model is sold: how many places pass, their median price, and a reseller cheaper than the maker."""
    unit = "a month" if judged.cost else "per million tokens (3 in : 1 out)"
    said = []
    if len(judged.alike) > 1:
        middle = Decimal(median(judged.alike)).quantize(CENT)
        said = [f"{len(judged.alike)} providers; median ${middle:,} {unit}"]
    if judged.elsewhere and judged.elsewhere.offering:
        price = usd(judged.elsewhere)
        said.append(f"cheaper at {judged.elsewhere.offering.provider}" + (f": ${price} a month" if price else ""))
    return said


def why_not(catalog: Catalog, found: Shortlist, name: str) -> Document:
    """One line on a model the user asked about: retired, rejected, an open question, or where it ranks."""
    try:
        match = find(catalog, name)
    except UnknownModel as error:
        return {"asked": name, "model": None, "why": str(error)}
    return {"asked": name, "model": match.model.id, "why": _why(found, match.model), "note": match.note}


def sources(catalog: Catalog, model: Model, offering: Offering | None) -> list[str]:
    """Which source says what, with its date: `models.dev (2026-07-01): context_tokens, release_date`."""
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name in SHOWN:
        for claim in getattr(model, name).claims[:1]:
            said[claim.source, claim.as_of].add(name)
    for rating in model.ratings[:1]:
        said[rating.source, rating.as_of].add("ratings")
    if offering and (sheet := offering.prices):
        said[sheet.source, sheet.as_of].add("price" if not sheet.url else f"price <{sheet.url}>")
    return [
        f"{catalog.sources[s].name} ({date}): {', '.join(sorted(names))}" for (s, date), names in sorted(said.items())
    ]


def unknowns(model: Model) -> list[str]:
    """What no source says of the model, then what sources say differently."""
    missing = [
        f"{_plain(name)} unknown" for name in WATCHED if not getattr(model, name).known and _matters(model, name)
    ]
    return missing + disagreements(model)


def disagreements(model: Model) -> list[str]:
    """`context tokens: models.dev says 400,000, LiteLLM 272,000`, for the facts that decide."""
    said = []
    for name in ("context_tokens", "max_output_tokens", "knowledge_cutoff", "parameters_b", "license", "open_weights"):
        claims = getattr(model, name).claims
        if len(getattr(model, name).values) > 1 and not _nearly(name, [claim.value for claim in claims]):
            said.append(
                f"{_plain(name)}: " + ", ".join(f"{claim.source} says {_figure(claim.value)}" for claim in claims)
            )
    return said


def hire(gpu: hardware.OwnGpu) -> Document:
    """A GPU hire that holds a model: what it is, its price a month to the cent, and where that was read."""
    return {
        "gpu": f"{gpu.hire.gpus} x {gpu.hire.gpu} at {gpu.hire.provider}", "usd_per_month": str(gpu.monthly_usd.quantize(CENT)),
        "output_tokens_per_s_at_most": gpu.output_tokens_per_s_at_most, "source": gpu.hire.source, "checked": gpu.hire.checked,
    }  # fmt: skip


def offerings_table(model: Model, today: dt.date) -> list[Document]:
    """Where the model can be bought on `today`, cheapest first, each source's price apart where they disagree."""
    rows = []
    for offering in live_offerings(model, today):
        sheet = offering.prices
        rows.append({
            "provider": offering.provider, "name": offering.name, "region": offering.region,
            "first_party": offering.first_party,
            "input_usd_per_mtok": _text(sheet.standard.input if sheet else None),
            "output_usd_per_mtok": _text(sheet.standard.output if sheet else None),
            "cache_read_usd_per_mtok": _text(sheet.standard.cache_read if sheet else None),
            "tiers": sorted(sheet.tiers) if sheet else [], "retires": offering.retires,
            "source": sheet.source if sheet else None, "as_of": sheet.as_of if sheet else None,
            "others": [f"{s.source} ({s.as_of}): {s.standard.input}/{s.standard.output}" for s in offering.sheets
                       if sheet and (s.standard.input, s.standard.output) != (sheet.standard.input, sheet.standard.output)],
        })  # fmt: skip
    return sorted(
        rows, key=lambda row: (row["input_usd_per_mtok"] is None, Decimal(row["input_usd_per_mtok"] or 0), row["name"])
    )


# --- one entry


def _entry(catalog: Catalog, found: Shortlist, candidate: Candidate) -> Document:
    judged, model, r = candidate.judged, candidate.model, found.requirements
    place = judged.offering
    on_board = model.rating_on(r.board)
    return {
        "model": model.id, "name": model.name,
        "facts": facts(model, place),
        "provider": place.provider if place else None, "offering": place.name if place else None,
        "region": place.region if place else None, "own_gpu": _hire(found, model),
        "monthly_cost_usd": usd(judged), "cost_notes": [*(judged.cost.notes if judged.cost else ()), *elsewhere(judged)],
        "rating": None if on_board is None else {
            "board": on_board.board, "rating": on_board.rating, "low": on_board.low, "high": on_board.high,
            "as_of": on_board.as_of,
        },
        "score": round(candidate.score, 3), "terms": {term.name: round(term.value, 3) for term in candidate.terms if term.known},
        "reasons": _reasons(found, candidate), "against": _against(found, candidate),
        "unknowns": [f"{miss.wanted}: {miss.found}" for miss in judged.unknown] + _unweighed(candidate, r) + unknowns(model),
        "sources": sources(catalog, model, place),
    }  # fmt: skip


def _unweighed(candidate: Candidate, r: Requirements) -> list[str]:
    """Terms that the wishes weigh and nothing is known of, speed above all."""
    blind = [term.name for term in candidate.terms if not term.known and getattr(r.wishes, term.name)]
    return [f"{name} unknown: its term is 0" for name in blind if name not in ("quality", "cost")]


def _hire(found: Shortlist, model: Model) -> Document | None:
    """For own hardware that is not owned yet: the cheapest hire that holds the model."""
    r = found.requirements
    gpu = hardware.own_gpu(model, r) if r.own_hardware and not r.memory_gb else None
    return None if gpu is None else hire(gpu)


def _reasons(found: Shortlist, candidate: Candidate) -> list[str]:
    model, r = candidate.model, found.requirements
    said = []
    prices = [c.judged.price for c in found.candidates if c.judged.price is not None]
    if candidate.judged.price is not None and candidate.judged.price == min(prices):
        said.append(f"cheapest of the {len(found.candidates)} that qualify")
    mine = model.rating_on(r.board)
    if mine:
        better = sum(1 for c in found.candidates if (its := c.model.rating_on(r.board)) and its.rating > mine.rating)
        place = "best rated" if not better else f"number {better + 1}"
        said.append(
            f"{place} of them on the Arena {r.board} board: {mine.rating:g} [{mine.low:g}, {mine.high:g}] "
            f"({mine.as_of}, as {mine.arena_name})"
        )
    known = license_terms(model)
    if known and model.open_weights.value:
        said.append(f"{known.name}: {known.duties}")
    if r.own_hardware and (need := hardware.memory(model, r)):
        most = "at most " if need.bound else ""
        cache = "" if need.cache_gb is None else f" + {most}{need.cache_gb:.1f} GB for {need.tokens:,} tokens of cache"
        said.append(f"takes {need.weights_gb:.1f} GB of weights at {r.quantization_bits} bit{cache}")
    return said or ["satisfies every constraint"]


def _against(found: Shortlist, candidate: Candidate) -> list[str]:
    model, r = candidate.model, found.requirements
    said = []
    if candidate.stops:
        said.append(f"stops on {candidate.stops}, in {(candidate.stops - found.today).days} days")
    priced = [(c.judged.price, c.model.id) for c in found.candidates if c.judged.price]
    price = candidate.judged.price
    if priced and price is not None and price >= 3 * min(priced)[0]:
        said.append(f"costs {price / min(priced)[0]:.0f} times the cheapest that qualifies ({min(priced)[1]})")
    if candidate.judged.alike and price is not None and price * 4 <= median(candidate.judged.alike):
        said.append("its price here is a quarter of the median or less: check it")
    if model.rating_on(r.board) is None:
        said.append(f"not on the Arena {r.board} board: its quality term is 0")
    known = license_terms(model)
    if known and known.basis:
        said.append(f"its terms ({known.tag}) were read in a {known.basis}: check <{known.source}>")
    if candidate.judged.offering is None and not r.own_hardware:
        said.append("no provider listed: needs your own hardware")
    return said


def _open(judged: Judged) -> Document:
    return {"model": judged.model.id, "if": [f"{miss.wanted} ({miss.found})" for miss in judged.unknown]}


def _why(found: Shortlist, model: Model) -> str:
    if not is_current(model, found.today):
        return f"can no longer be had{f' since {model.retires.value}' if model.retires.known else ''}"
    for place, candidate in enumerate(found.candidates, 1):
        if candidate.model.id == model.id:
            return _ranked(found, candidate, place)
    judged = next(j for j in (*found.rejected, *found.open_question) if j.model.id == model.id)
    misses = judged.failed or judged.unknown
    lead = "rejected" if judged.failed else "would qualify if known"
    return f"{lead}: {'; '.join(_miss(miss) for miss in misses)}"


def _ranked(found: Shortlist, candidate: Candidate, place: int) -> str:
    first = found.candidates[0]
    if place == 1:
        return "it is the first choice"
    behind = [a.name for a, b in zip(first.terms, candidate.terms, strict=True) if a.value - b.value > 0.02]
    where = f"number {place} of {len(found.candidates)}"
    return f"{where}, score {candidate.score:.3f} against {first.score:.3f}: behind on {', '.join(behind) or 'nothing much'}"


def _miss(miss: Miss) -> str:
    return f"{miss.wanted} (found: {miss.found})"


def _matters(model: Model, name: str) -> bool:
    """Parameters and licence of a closed model are not missing: they are not published."""
    return not (name in ("parameters_b", "license") and model.open_weights.value is False)


def _nearly(name: str, values: Iterable[Any]) -> bool:
    """Whether claims differ only in rounding (131,072 and 131,000; 8.03 and 8) or in precision (2024-10, 2024-10-01)."""
    found = list(values)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in found):
        return bool(max(found) <= min(found) * (1.05 if name.endswith("_tokens") else 1.1))
    texts = sorted((str(value) for value in found), key=len)
    return name == "knowledge_cutoff" and all(text.startswith(texts[0]) for text in texts)


def _plain(name: str) -> str:
    return name.removesuffix("_b").removesuffix("_tokens").replace("_", " ")


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _text(price: Decimal | None) -> str | None:
    return None if price is None else format(price, "f")
