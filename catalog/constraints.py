"""Constraints on a model itself: licence, room, abilities, age, size, maker, rating."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from catalog import curated, hardware
from catalog.dates import Span, span
from catalog.facts import Fact
from catalog.identity import canonical_maker
from catalog.legal import legal_constraints
from catalog.models import Model
from catalog.requirements import Requirements
from catalog.verdict import YES, Answer, Constraint, Verdict, at_least, at_most, flag, when


def model_constraints(r: Requirements) -> tuple[Constraint, ...]:
    """The constraints that `r` sets on a model itself, in the order in which rejections are counted."""
    found = (*legal_constraints(r), *_room(r), *_abilities(r), *_age_and_size(r), *_maker(r), *_rated(r))
    return tuple(constraint for constraint in found if constraint is not None)


# --- room


def _room(r: Requirements) -> tuple[Constraint | None, ...]:
    w = r.workload
    both = w.prompt_tokens + w.generated_tokens
    return (
        when(both > 0, "workload", f"{w.prompt_tokens:,} tokens in and {w.generated_tokens:,} out fit",
              lambda m: _fits(m, w.prompt_tokens, w.generated_tokens)),
        when(r.min_context_tokens, "min_context_tokens", f"context of {r.min_context_tokens or 0:,} tokens",
              lambda m: at_least(m.context_tokens if m.context_tokens.known else m.max_input_tokens,
                                  r.min_context_tokens or 0, "context")),
        when(r.min_output_tokens, "min_output_tokens", f"output of {r.min_output_tokens or 0:,} tokens",
              lambda m: at_least(m.max_output_tokens, r.min_output_tokens or 0, "output")),
        when(r.memory_gb, "memory_gb", f"fits {r.memory_gb or 0:g} GB at {r.quantization_bits} bit",
              lambda m: _fits_memory(m, r)),
        when(r.own_hardware and r.max_monthly_usd is not None and not r.memory_gb, "max_monthly_usd",
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
        cache = "cache unknown" if need.cache_gb is None else f"cache at most {need.cache_gb:.1f} GB"
        return Verdict(Answer.UNKNOWN, f"weights {need.weights_gb:.1f} GB, {cache}")
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
        flag(r.tool_calling, "tool_calling", "tool calling", "no tool calling", lambda m: m.tool_calling),
        flag(r.structured_output, "structured_output", "structured output", "no structured output",
              lambda m: m.structured_output),
        flag(r.reasoning, "reasoning", "reasoning", "no reasoning", lambda m: m.reasoning),
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
        when(cutoff, "knowledge_cutoff_from", f"knowledge to {cutoff} or later",
              lambda m: _on_or_after(tuple(str(v) for v in m.knowledge_cutoff.values), cutoff, "cutoff")),
        when(released, "released_from", f"released {released} or later",
              lambda m: _on_or_after(tuple(str(v) for v in m.release_date.values[:1]), released, "released")),
        when(r.min_parameters_b, "min_parameters_b", f"at least {r.min_parameters_b or 0:g}B parameters",
              lambda m: at_least(m.parameters_b, r.min_parameters_b or 0, "parameters (B)")),
        when(r.max_parameters_b is not None, "max_parameters_b", f"at most {r.max_parameters_b or 0:g}B parameters",
              lambda m: at_most(m.parameters_b.value, r.max_parameters_b or 0, "parameters (B)")),
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
        when(allow, "makers_allow", f"made by {', '.join(sorted(allow))}",
              lambda m: YES if m.maker in allow else Verdict(Answer.NO, f"made by {m.maker}")),
        when(deny, "makers_deny", f"not made by {', '.join(sorted(deny))}",
              lambda m: YES if m.maker not in deny else Verdict(Answer.NO, f"made by {m.maker}")),
        when(r.maker_countries_deny, "maker_countries_deny", f"maker not from {', '.join(r.maker_countries_deny)}",
              lambda m: _not_from(m, r.maker_countries_deny)),
    )  # fmt: skip


def _not_from(model: Model, denied: tuple[str, ...]) -> Verdict:
    country = curated.countries().get(model.maker)
    if country is None:
        return Verdict(Answer.UNKNOWN, f"seat of {model.maker} unknown")
    return YES if country not in {name.lower() for name in denied} else Verdict(Answer.NO, f"maker in {country}")


def _rated(r: Requirements) -> tuple[Constraint | None, ...]:
    def judge(model: Model) -> Verdict:
        rating = model.rating_on(r.board)
        if rating is None:
            return Verdict(Answer.UNKNOWN, f"not on the {r.board} board")
        return YES if rating.rating >= (r.min_rating or 0) else Verdict(Answer.NO, f"rated {rating.rating:g}")

    wanted = f"rated {r.min_rating or 0:g} or more on the {r.board} board"
    return (when(r.min_rating, "min_rating", wanted, judge),)
