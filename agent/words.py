"""Requirements in words, for people: what was understood."""

from __future__ import annotations

from catalog.constraints import model_constraints
from catalog.cost import priced_volume
from catalog.places import offering_constraints
from catalog.requirements import Requirements


def understood(r: Requirements, emphasis: tuple[str, ...] = ()) -> list[str]:
    """One phrase a requirement, hard constraints first."""
    w = r.workload
    said = [c.wanted for c in model_constraints(r) if c.field != "workload"]
    said += [c.wanted for c in offering_constraints(r) if c.field != "workload"]
    if r.max_monthly_usd is not None and not priced_volume(w) and not r.own_hardware:
        said.append(f"at most ${r.max_monthly_usd:,} a month (not applied: volume unknown)")
    if w.requests_per_month is not None:
        said.append(f"{w.requests_per_month:,} requests a month")
    parts = ((w.system_tokens, "system"), (w.history_tokens, "history"), (w.example_tokens, "examples"),
             (w.input_tokens, "in"), (w.output_tokens, "out"), (w.reasoning_tokens, "reasoning"))  # fmt: skip
    if tokens := " + ".join(f"{count:,} {name}" for count, name in parts if count):
        said.append(f"{tokens} tokens each")
    said += [text for text, holds in (
        (f"{w.cached_share:.0%} of the prompt cached", w.cached_share), ("batch", w.batch),
        (f"{w.peak_share or 0:.0%} in peak hours", w.peak_share is not None), ("unknowns kept", r.keep_unknown),
        (f"quality means the {r.board} board", r.board != "overall" and r.min_rating is None),
        (f"most important: {', '.join(emphasis)}", emphasis), (f"asked about: {', '.join(r.ask_about)}", r.ask_about),
    ) if holds]  # fmt: skip
    return said or ["nothing that narrows the choice"]
