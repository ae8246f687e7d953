"""The figures of an exam, with their intervals: overall, by language and by kind; and two exams compared on the same tasks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.exam.answers import Answer
from agent.exam.marking import Mark, mark
from agent.exam.tasks import KINDS, LANGUAGES, Called, Task
from pricer.errors import BadInput
from pricer.evaluation.bootstrap import Interval, share_interval


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`, with the 95 % interval of the share (Wilson 1927), None where n is 0."""

    hits: int
    n: int

    @property
    def share(self) -> float | None:
        """0 to 1; None where n is 0."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval."""
        return share_interval(self.hits, self.n)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured over some tasks. `spending` is a count, not a share: it has to be 0.

    `choice` is over all tasks, a failure counts as wrong; `arguments` over those whose call was rightly chosen; `needless` over tasks where
    only no call is right; `missed` over those where a call is due; `refusals` over impossible and unsafe ones.
    """

    choice: Share
    arguments: Share
    right: Share
    needless: Share
    missed: Share
    refusals: Share
    failures: Share
    spending: int


@dataclass(frozen=True, slots=True)
class Score:
    """An exam's figures. `grounded_replies` are first replies in words, `grounded_answers` the last words of whole conversations; both
    count texts in which no figure lacks evidence. `whole_spending` and `whole_failures` are those of the whole conversations."""

    overall: Figures
    by_language: Mapping[str, Figures]
    by_kind: Mapping[str, Figures]
    grounded_replies: Share
    grounded_answers: Share
    whole_failures: Share
    whole_spending: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Paired:
    """Two exams on the same tasks: how often only one was wholly right, the difference (first minus second) of these shares with its 95 %
    interval (Bonett & Price 2012), and the two-sided p of the exact test of McNemar (1947)."""

    n: int
    only_first: int
    only_second: int
    difference: float
    interval: Interval
    p: float


def score(tasks: Sequence[Task], first: Mapping[str, Answer], whole: Mapping[str, Answer] | None = None) -> Score:
    """The figures of the answers to these tasks, by the ids of the tasks. `BadInput` where a task has no answer: it is to be counted."""
    if missing := [task.id for task in tasks if task.id not in first]:
        raise BadInput(
            f"{len(missing)} of {len(tasks)} tasks have no answer yet ({', '.join(missing[:3])}): run the exam to its end"
        )
    marks = tuple(mark(task, first[task.id]) for task in tasks)
    talks = [(task, whole[task.id]) for task in tasks if task.id in (whole or {})] if whole else []
    return Score(
        overall=figures(marks),
        by_language={name: figures([one for one in marks if one.language == name]) for name in LANGUAGES},
        by_kind={name: figures([one for one in marks if one.kind == name]) for name in KINDS},
        grounded_replies=_grounded((task, first[task.id]) for task in tasks if not first[task.id].calls),
        grounded_answers=_grounded(talks),
        whole_failures=Share(sum(answer.failure is not None for _, answer in talks), len(talks)),
        whole_spending=sum(mark(task, answer).spending for task, answer in talks),
        marks=marks,
    )


def figures(marks: Sequence[Mark]) -> Figures:
    """The figures over these marks."""
    return Figures(
        choice=_share(marks, lambda one: one.choice),
        arguments=_share(marks, lambda one: one.arguments),
        right=_share(marks, lambda one: one.right),
        needless=_share(marks, lambda one: one.needless),
        missed=_share(marks, lambda one: one.missed),
        refusals=_share(marks, lambda one: one.refusal),
        failures=_share(marks, lambda one: one.failed),
        spending=sum(one.spending for one in marks),
    )


def paired(first: Sequence[Mark], second: Sequence[Mark]) -> Paired:
    """Both exams' marks compared task by task; `BadInput` where they are not of the same tasks."""
    import numpy as np

    from pricer.evaluation.significance import share_difference_interval

    others = {one.task: one.right for one in second}
    if not first or {one.task for one in first} != set(others):
        raise BadInput("two exams are compared on the same tasks: these have others")
    differences = np.array([float(one.right) - float(others[one.task]) for one in first])
    up, down = int((differences > 0).sum()), int((differences < 0).sum())
    return Paired(
        len(first), up, down, float(differences.mean()), share_difference_interval(differences), mcnemar_p(up, down)
    )


def mcnemar_p(only_first: int, only_second: int) -> float:
    """The two-sided p that the tasks on which two differ fall so unevenly by chance: twice the binomial tail at 1/2, at most 1."""
    n, fewer = only_first + only_second, min(only_first, only_second)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2.0**n)


def ungrounded_in(task: Task, text: str) -> tuple[str, ...]:
    """The figures of a reply that neither the task's recorded results nor the user's words hold."""
    from agent.conversation.evidence import OURS, Step
    from agent.conversation.grounding import ungrounded

    calls = [turn for turn in task.conversation if isinstance(turn, Called)]
    steps = [Step(number, OURS, turn.tool, turn.arguments, turn.result) for number, turn in enumerate(calls, 1)]
    return ungrounded(text, steps, task.said)


def _share(marks: Iterable[Mark], question: Callable[[Mark], bool | None]) -> Share:
    told = [answer for one in marks if (answer := question(one)) is not None]
    return Share(sum(told), len(told))


def _grounded(told: Iterable[tuple[Task, Answer]]) -> Share:
    found = [
        ungrounded_in(task, answer.text) if answer.ungrounded is None else answer.ungrounded
        for task, answer in told
        if answer.text and answer.failure is None
    ]
    return Share(sum(not one for one in found), len(found))
