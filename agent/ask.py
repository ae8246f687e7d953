"""A question answered offline: planned, decided, and put into one document with what was understood and ignored."""

from __future__ import annotations

import datetime as dt
from typing import Any

from agent.planner import understand
from agent.planner.questions import questions
from agent.words import understood
from catalog import snapshot
from catalog.answer import answer
from catalog.shortlist import shortlist


def answer_question(question: str, today: dt.date) -> dict[str, Any]:
    """The answer of `catalog.answer` with `understood`, `ignored` and `questions` beside it."""
    plan = understand(question, today)
    catalog = snapshot.load()
    found = shortlist(catalog, plan.requirements, today)
    asked = questions(plan, found, catalog, today)
    return {
        **answer(catalog, found), "answered_by": "planner",
        "understood": understood(plan.requirements, plan.emphasis), "ignored": list(plan.ignored),
        "questions": [question.text for question in asked], "if_yes": [question.if_yes for question in asked],
        "japanese": plan.japanese,
    }  # fmt: skip
