"""Prompt, few-shot, retrieval, fine-tuning, or none of these: a recommendation with its arithmetic and what would flip it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog import curated
from catalog.cost import CENT, HOURS_PER_MONTH, MTOK, total_cost
from catalog.errors import BadRequirements

# Rules of thumb, stated so that they can be argued with; a measurement on one's own examples overrules them.
ENOUGH_FOR_BASELINE = 1000
ENOUGH_TO_TUNE = 200
ENOUGH_FOR_SHOTS = 3
EPOCHS = 3

Name = Literal["baseline", "prompt", "few-shot", "retrieval", "fine-tune", "fine-tune + retrieval"]
Amount = Annotated[int, Field(ge=0, le=10**12)]
Price = Annotated[Decimal, Field(ge=0, le=10**6)]


class Task(BaseModel):
    """What the advice rests on: tokens per request, prices per million tokens of the model in mind."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    requests_per_month: Amount
    input_tokens: Amount
    output_tokens: Amount
    input_usd_per_mtok: Price
    output_usd_per_mtok: Price
    labelled_examples: Amount = 0
    answer_is_number_or_label: bool = False
    knowledge_changes_per_month: Amount = 0
    needs_citations: bool = False
    example_tokens: Amount = 800
    retrieved_tokens: Amount = 1500
    training_usd_per_mtok: Price | None = None
    can_be_tuned: bool | None = None
    tuned_input_usd_per_mtok: Price | None = None
    tuned_output_usd_per_mtok: Price | None = None
    hosting_usd_per_hour: Price = Decimal(0)
    build_usd: Price = Decimal(0)
    months: Annotated[int, Field(ge=1, le=120)] = 12


@dataclass(frozen=True, slots=True)
class Option:
    """One approach: its running cost, what is paid once, and both over the task's months. `fits` False says why in `because`."""

    name: Name
    fits: bool
    because: str
    monthly_usd: Decimal | None
    one_off_usd: Decimal | None
    total_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Advice:
    """The recommendation, why, the options beside it, the break-even lines and what would flip it."""

    recommended: Name
    because: str
    options: tuple[Option, ...]
    arithmetic: tuple[str, ...]
    flips: tuple[str, ...]
    closing: tuple[str, ...]


def task(**values: object) -> Task:
    """A task from outside values; `BadRequirements` names what is wrong."""
    try:
        return Task.model_validate(values)
    except ValidationError as error:
        said = (f"{'.'.join(map(str, p['loc']))}: {_wrong(p)}" for p in error.errors())
        raise BadRequirements("; ".join(said)) from None


def _wrong(problem: Any) -> str:
    """What is wrong with one field, in few words."""
    if problem["type"] == "missing":
        return "is needed"
    if problem["type"] == "extra_forbidden":
        return f"is no field of a task; the fields are {', '.join(Task.model_fields)}"
    return f"{problem['msg']}, found {problem['input']!r:.60}"


def advise(t: Task) -> Advice:
    """The approach for a task: the first rule that holds, the cheaper one where two would do."""
    name, because = _rule(t)
    return Advice(name, because, _options(t), _arithmetic(t), _flips(name), _closing())


def _rule(t: Task) -> tuple[Name, str]:
    tunable = t.labelled_examples >= ENOUGH_TO_TUNE and t.can_be_tuned is not False
    if t.answer_is_number_or_label and t.labelled_examples >= ENOUGH_FOR_BASELINE and not t.needs_citations:
        return "baseline", (
            f"{t.labelled_examples:,} labelled examples of a number or label train a baseline that costs nothing to ask; "
            "an LLM has to beat it on the same items first"
        )
    if t.knowledge_changes_per_month or t.needs_citations:
        why = (
            "knowledge that changes is fetched, not trained in"
            if t.knowledge_changes_per_month
            else "citations need a source at hand"
        )
        if tunable and not t.knowledge_changes_per_month:
            return "fine-tune + retrieval", f"{why}; the examples can teach the form of the answer"
        return "retrieval", why
    if tunable and (gain := _tuning_gain(t)) is not None and gain > 0:
        return (
            "fine-tune",
            f"knowledge is stable, examples suffice, and over {t.months} months it saves ${gain:,.2f} against few-shot",
        )
    if t.labelled_examples >= ENOUGH_FOR_SHOTS:
        return "few-shot", "a few examples in the prompt are the cheapest way to show what is wanted"
    return "prompt", "without labelled examples there is nothing to train, retrieve or show"


def _options(t: Task) -> tuple[Option, ...]:
    shots, found = t.example_tokens, t.retrieved_tokens
    trained = _training_usd(t)
    enough = t.labelled_examples >= ENOUGH_FOR_BASELINE
    tunable = t.labelled_examples >= ENOUGH_TO_TUNE and t.can_be_tuned is not False
    retrain = None if trained is None else trained * t.knowledge_changes_per_month
    return (
        _option(t, "baseline", t.answer_is_number_or_label and enough,
                f"wants a number or label and {ENOUGH_FOR_BASELINE:,} examples", Decimal(0), Decimal(0)),
        _option(t, "prompt", True, "always possible", _usage(t, 0), Decimal(0)),
        _option(t, "few-shot", t.labelled_examples >= ENOUGH_FOR_SHOTS, f"wants {ENOUGH_FOR_SHOTS} examples", _usage(t, shots), Decimal(0)),
        _option(t, "retrieval", True, "wants texts to search", _usage(t, found), Decimal(0)),
        _option(t, "fine-tune", tunable, f"wants {ENOUGH_TO_TUNE} examples and an open offer",
                _plus(_tuned_usage(t, 0), retrain), trained),
        _option(t, "fine-tune + retrieval", tunable, f"wants {ENOUGH_TO_TUNE} examples and texts to search",
                _tuned_usage(t, found), trained),
    )  # fmt: skip


def _option(t: Task, name: Name, fits: bool, because: str, monthly: Decimal | None, once: Decimal | None) -> Option:
    total = None if monthly is None or once is None else _cents(total_cost(monthly, t.months, once + t.build_usd))
    return Option(name, fits, because, _cents(monthly), _cents(once), total)


def _usage(t: Task, extra_tokens: int) -> Decimal:
    """Dollars a month for the prompt with `extra_tokens` more in it."""
    tokens_in = Decimal(t.requests_per_month) * (t.input_tokens + extra_tokens)
    return (
        tokens_in * t.input_usd_per_mtok + Decimal(t.requests_per_month) * t.output_tokens * t.output_usd_per_mtok
    ) / MTOK


def _tuned_usage(t: Task, extra_tokens: int) -> Decimal:
    """Dollars a month at the tuned model's prices (the base model's where none are given), hosting by the hour included."""
    tuned = t.model_copy(update={
        "input_usd_per_mtok": t.input_usd_per_mtok if t.tuned_input_usd_per_mtok is None else t.tuned_input_usd_per_mtok,
        "output_usd_per_mtok": t.output_usd_per_mtok if t.tuned_output_usd_per_mtok is None else t.tuned_output_usd_per_mtok,
    })  # fmt: skip
    return _usage(tuned, extra_tokens) + t.hosting_usd_per_hour * HOURS_PER_MONTH


def _training_usd(t: Task) -> Decimal | None:
    """Examples x tokens x epochs x the training price; None while no price is known."""
    if t.training_usd_per_mtok is None:
        return None
    tokens = Decimal(t.labelled_examples) * (t.input_tokens + t.output_tokens) * EPOCHS
    return tokens * t.training_usd_per_mtok / MTOK


def _tuning_gain(t: Task) -> Decimal | None:
    """What fine-tuning saves over the months against few-shot prompts; None while the training price is unknown."""
    trained = _training_usd(t)
    if trained is None:
        return None
    return total_cost(_usage(t, t.example_tokens), t.months) - total_cost(_tuned_usage(t, 0), t.months, trained)


def _arithmetic(t: Task) -> tuple[str, ...]:
    shots, trained = _usage(t, t.example_tokens), _training_usd(t)
    lines = [
        f"prompt: {t.requests_per_month:,} x ({t.input_tokens:,} x ${t.input_usd_per_mtok} + {t.output_tokens:,} x ${t.output_usd_per_mtok}) / 1e6"
        f" = ${_cents(_usage(t, 0)):,} a month",
        f"few-shot adds {t.example_tokens:,} tokens to each prompt: ${_cents(shots):,} a month",
        f"retrieval adds {t.retrieved_tokens:,}: ${_cents(_usage(t, t.retrieved_tokens)):,} a month",
    ]
    if trained is None:
        return (
            *lines,
            "fine-tuning: no training price given, so it is not compared; curated offers are in the fine-tuning table",
        )
    each = f"{t.labelled_examples:,} examples x {t.input_tokens + t.output_tokens:,} tokens x {EPOCHS} epochs"
    if t.tuned_input_usd_per_mtok is None and t.tuned_output_usd_per_mtok is None:
        lines.append("the tuned model is priced like the base model: no other price was given")
    lines.append(f"fine-tuning: {each} x ${t.training_usd_per_mtok} / 1e6 = ${_cents(trained):,} once")
    even = _break_even(t, trained)
    return (*lines, even)


def _break_even(t: Task, trained: Decimal) -> str:
    if not t.requests_per_month:
        return "break-even: no requests, nothing to save"
    hosting = t.hosting_usd_per_hour * HOURS_PER_MONTH
    saved = (_usage(t, t.example_tokens) - _tuned_usage(t, 0) + hosting) / t.requests_per_month
    if saved <= 0:
        return "break-even: never; a request to the tuned model costs no less than a few-shot one"
    retrain = trained * t.knowledge_changes_per_month
    requests = ((trained / t.months + retrain + hosting) / saved).quantize(Decimal(1), ROUND_HALF_UP)
    return f"break-even of fine-tuning against few-shot: {requests:,} requests a month over {t.months} months"


def _flips(name: Name) -> tuple[str, ...]:
    said: dict[Name, tuple[str, ...]] = {
        "baseline": ("an LLM that beats the baseline on the same items by an interval that excludes zero",
                     "inputs whose meaning the baseline's features cannot see"),
        "prompt": (f"{ENOUGH_FOR_SHOTS} good examples: few-shot", "facts the model cannot know: retrieval"),
        "few-shot": (f"{ENOUGH_TO_TUNE} examples and more than the break-even volume: fine-tune", "knowledge that changes: retrieval",
                     f"{ENOUGH_FOR_BASELINE:,} examples of a number or label: a baseline first"),
        "retrieval": ("knowledge that stops changing and no need for citations: few-shot or fine-tune",
                      "retrieval that misses: measure recall before blaming the model"),
        "fine-tune": ("volume below the break-even: few-shot", "knowledge that changes: every change costs another training",
                      "a base model that is replaced: the tuning is lost with it, retrieval is not"),
        "fine-tune + retrieval": ("examples that only carry facts: retrieval alone", "no need for citations: fine-tune alone"),
    }  # fmt: skip
    return said[name]


def _closing() -> tuple[str, ...]:
    """Offers that end: a tuned model nobody can train again is a dead end worth knowing."""
    ends = {(offer.provider, offer.status, offer.closes) for offer in curated.fine_tuning() if offer.closes}
    return tuple(f"{provider}: {status or 'open'}; ends {closes}" for provider, status, closes in sorted(ends, key=str))


def _plus(first: Decimal, second: Decimal | None) -> Decimal | None:
    return None if second is None else first + second


def _cents(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(CENT, ROUND_HALF_UP)
