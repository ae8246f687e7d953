"""Models in sentences: the decision first, then reasons, doubts, what was rejected, cost, and the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.conversation.evidence import Step
from agent.conversation.offline.phrases import phrase, plain
from agent.conversation.offline.phrases import words as words_of
from agent.conversation.offline.telling import dates, told

if TYPE_CHECKING:
    from agent.planner import Plan


def recommendation(step: Step, plan: Plan | None, japanese: bool) -> str:
    """The shortlist."""
    found, cite, words = step.result, f"[{step.number}]", words_of("models", japanese)
    lines = _first(found, cite, words) if found["shortlist"] else _nothing(found, cite, words)
    for entry in found["shortlist"][1:4]:
        why = f"; {plain(entry['reasons'][0], 150)}" if entry["reasons"] else ""
        doubt = f"; {words['against'].lower()}: {plain(entry['against'][0], 110)}" if entry["against"] else ""
        lines.append(
            f"- {words['then'].format(model=plain(entry['model']))}: {cost_of(entry, words)}{why}{doubt} {cite}"
        )
    lines += [*_rejected(found, cite, words), *_explained(found, cite, words), *_relaxed(found, cite, words)]
    lines += _understood(found, plan, cite, words)
    if found["shortlist"]:
        lines.append(f"{words['sources']}: {sources_of(found['shortlist'][0])} {cite}")
    lines += [f"{words['as_of']} {dates(found['as_of'])} {cite}"]
    is_open = found["requirements"].get("commercial_use") is None and found["shortlist"] and found["requirements"]
    return told([*lines[:23], words["next"], words["ask"] if is_open else ""])


def explanation(step: Step, japanese: bool) -> str:
    """Why models asked about are not on the shortlist, with what is first instead."""
    found, cite, words = step.result, f"[{step.number}]", words_of("models", japanese)
    lines = _explained(found, cite, words) or [phrase("unknown", japanese)]
    lines += _first(found, cite, words)[:3] if found["shortlist"] else _nothing(found, cite, words)
    lines += _understood(found, None, cite, words)
    return told([*lines, f"{words['as_of']} {dates(found['as_of'])} {cite}"])


# --- a shortlist


def _first(found: dict[str, Any], cite: str, words: dict[str, str]) -> list[str]:
    entry = found["shortlist"][0]
    lines = [f"{words['first'].format(model=plain(entry['model']))}: {cost_of(entry, words)} {cite}"]
    for name, part in (("why", "reasons"), ("costs", "cost_notes"), ("against", "against"), ("unknown", "unknowns")):
        lines += [f"{words[name]}: {'; '.join(plain(one, 200) for one in entry[part])} {cite}"] if entry[part] else []
    return lines


def _nothing(found: dict[str, Any], cite: str, words: dict[str, str]) -> list[str]:
    conflict = words["conflict"].format(said=" + ".join(map(plain, found["conflict"])))
    return [f"{words['none']} {cite}.", *([f"{conflict} {cite}"] if found["conflict"] else [])]


def cost_of(entry: dict[str, Any], words: dict[str, str]) -> str:
    """The month's cost and where; the price per token where no volume is known; a GPU's hire where it runs at home."""
    where = words["at"].format(provider=plain(entry["provider"])) if entry["provider"] else ""
    facts, gpu = entry["facts"], entry.get("own_gpu")
    if entry["monthly_cost_usd"] is not None:
        return words["month"].format(usd=entry["monthly_cost_usd"]) + where
    if gpu and not entry["provider"]:
        return words["gpu"].format(usd=gpu["usd_per_month"], gpu=plain(gpu["gpu"]))
    if facts["input_usd_per_mtok"] is not None and facts["output_usd_per_mtok"] is not None:
        return words["tokens"].format(input=facts["input_usd_per_mtok"], output=facts["output_usd_per_mtok"]) + where
    return words["no_price"] + where if entry["provider"] else words["own"]


def sources_of(entry: dict[str, Any]) -> str:
    """The sources of an entry with their dates, without what each said."""
    return ", ".join(plain(one.partition("): ")[0] + ")", 80) for one in entry["sources"])


def _rejected(found: dict[str, Any], cite: str, words: dict[str, str]) -> list[str]:
    counts = " · ".join(f"{plain(reason)} {count:,}" for reason, count in found["rejected"]["by_reason"].items())
    lines = [f"{words['out'].format(total=found['rejected']['total'])} ({counts}) {cite}"] if counts else []
    if found["unknown"] and found["would_qualify_if"]:
        some = "; ".join(
            f"{plain(row['model'])}: {' + '.join(map(plain, row['if']))}" for row in found["would_qualify_if"][:2]
        )
        lines.append(f"{words['open'].format(n=found['unknown'], some=some)} {cite}")
    if found["shortlist"]:
        changes = "; ".join(
            words["leads"].format(first=plain(one["first"]), weight=plain(one["weight"]))
            for one in found["firm"]["changes"]
        )
        lines.append(f"{words['moves']}: {changes} {cite}" if changes else f"{words['firm']} {cite}.")
    return lines


def _explained(found: dict[str, Any], cite: str, words: dict[str, str]) -> list[str]:
    lead = words["why_not"]
    return [
        f"{lead.format(model=plain(row['model'] or row['asked']))}: {plain(row['why'])} {cite}"
        for row in found["why_not"]
    ]


def _relaxed(found: dict[str, Any], cite: str, words: dict[str, str]) -> list[str]:
    lines = []
    for row in found["relax"][:3]:
        cost = "" if row["monthly_cost_usd"] is None else f", {words['month'].format(usd=row['monthly_cost_usd'])}"
        said = words["relax"].format(
            drop=plain(row["drop"]), model=plain(row["brings_in"]), has=plain(str(row["which_has"])), cost=cost
        )
        lines.append(f"{said} {cite}")
    return lines


def _understood(found: dict[str, Any], plan: Plan | None, cite: str, words: dict[str, str]) -> list[str]:
    """What was asked for in words, and what of the user's words led to nothing."""
    from agent.words import understood
    from catalog.requirements import requirements

    if not found["requirements"]:
        return [words["default"]]
    said = understood(requirements(**found["requirements"]), plan.emphasis if plan else ())
    lines = [f"{words['understood'].format(said=' · '.join(map(plain, said)))} {cite}"]
    return lines + (
        [words["ignored"].format(said="; ".join(plain(one, 120) for one in plan.ignored[:5]))]
        if plan and plan.ignored
        else []
    )


# --- a comparison
