"""A verdict in plain English, a sentence or two for each thing it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from pricer.predictors.protocol import Task
from pricer.products.figures import number

if TYPE_CHECKING:
    from pricer.evaluation.verdict import Verdict


def sentences(verdict: Verdict) -> list[str]:
    """Who is best and by what right, whether an LLM is needed, what the cheapest costs, and what was left out."""
    return [*_standing(verdict), *_need(verdict), *_price(verdict), *_missing(verdict)]


def _standing(verdict: Verdict) -> Iterator[str]:
    comparison, (best, *equals) = verdict.comparison, verdict.groups[0]
    items, level = _examples(comparison.n), _level(comparison.task, comparison.losses[best])
    if len(comparison.losses) == 1:
        yield f"{best} {level} on {items}; there is no other run to compare it with."
        return
    yield f"{best} did best on the {items} that every run answered: it {level}."
    if equals:
        yield f"{_and(equals)} cannot be told apart from {best} on this evidence."
    beaten = len(comparison.losses) - len(verdict.groups[0])
    if beaten:
        others = "the one other run" if beaten == 1 else f"the {beaten} other runs"
        yield f"{best} is better than {others} by more than chance explains."


def _need(verdict: Verdict) -> Iterator[str]:
    """Whether an LLM is needed; silent where none, or nothing else, was compared."""
    group = verdict.groups[0]
    if not verdict.without_llm or set(verdict.comparison.losses) <= verdict.without_llm:
        return
    plain = [name for name in group if name in verdict.without_llm]
    if not plain:
        yield f"No run without an LLM is as good as {group[0]}: an LLM earns its place here, on this evidence."
        return
    cheap = min(plain, key=lambda name: (_or_dear(verdict.usd_per_1000[name]), group.index(name)))
    said = f"{cheap} {'is the best' if cheap == group[0] else 'is as good'}{_cost(verdict.usd_per_1000[cheap])}"
    yield f"{said}: no LLM is needed for this, on this evidence.{_settling(verdict, cheap)}"


def _settling(verdict: Verdict, plain: str) -> str:
    """How many items would tell the run from the best LLM of its group, and what these ones could not show."""
    rivals = [name for name in verdict.groups[0] if name not in verdict.without_llm]
    pair = verdict.comparison.pair(plain, rivals[0]) if rivals else None
    if pair is None or pair.needed_n is None or pair.detectable is None:
        return ""
    missed = f"a difference below {_size(verdict.comparison.task, pair.detectable)} is easily missed"
    asked = f"with {_examples(verdict.comparison.n)}"
    if pair.needed_n <= verdict.comparison.n:
        return f" Mind that {missed} {asked}."
    return f" About {_examples(_rounded(pair.needed_n))} would settle it; {missed} {asked}."


def _price(verdict: Verdict) -> Iterator[str]:
    group, name = verdict.groups[0], verdict.cheapest
    if len(group) == 1:
        return
    if name is not None:
        cost = verdict.usd_per_1000[name]
        among = " whose cost is known" if verdict.cost_unknown else ""
        yield f"The cheapest of the best group{among} is {name}: {f'{_usd(cost)} per 1,000 items' if cost else 'free'}."
    if verdict.cost_unknown:
        costs = "costs" if len(verdict.cost_unknown) == 1 else "cost"
        yield f"What {_and(verdict.cost_unknown)} {costs} is unknown."


def _missing(verdict: Verdict) -> Iterator[str]:
    comparison = verdict.comparison
    if comparison.left_out:
        lacking = [f"{name} {count:,}" for name, count in comparison.unanswered.items() if count]
        was = "was" if comparison.left_out == 1 else "were"
        yield f"{_examples(comparison.left_out)} {was} left out, because not every run answered (without an answer: {', '.join(lacking)})."


def _level(task: Task, loss: float) -> str:
    """How good a run is, as the end of a sentence."""
    return f"is right on {100 * (1 - loss):.1f} %" if task.is_label else f"is off by {_amount(loss, task)} on average"


def _size(task: Task, difference: float) -> str:
    """A difference of losses."""
    return f"{100 * difference:.1f} points" if task.is_label else _amount(difference, task)


def _amount(value: float, task: Task) -> str:
    told = number(value, usd=task.unit == "usd")
    return f"{told} {task.unit}" if task.unit not in (None, "usd") else told


def _usd(cost: Decimal) -> str:
    """Dollars and cents; below a dollar two digits, wherever they begin."""
    return f"${cost:,.2f}" if cost >= 1 else f"${Decimal(f'{cost:.2g}'):f}"


def _cost(cost: Decimal | None) -> str:
    if cost is None:
        return ", at an unknown cost"
    return f" at {_usd(cost)} per 1,000 items" if cost else " and free"


def _or_dear(cost: Decimal | None) -> Decimal:
    return Decimal("Infinity") if cost is None else cost


def _examples(count: int) -> str:
    return f"{count:,} example{'' if count == 1 else 's'}"


def _rounded(count: int) -> int:
    """To two digits, upwards: the estimate is no better than that."""
    unit = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // unit) * unit


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
