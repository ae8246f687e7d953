"""Runs made for the tests of the report: each written as an evaluation writes it, with answers that were thought out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricer.evaluation.report.gallery import Gallery
from pricer.evaluation.report.page import page
from pricer.evaluation.report.study import study
from pricer.evaluation.run import Answer, Run, load_run, writing
from pricer.predictors.protocol import Guess, Usage
from pricer.products.items import Item
from tests.pricer.evaluation.toys import items, plan

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><svg onload=alert(1)>", "{{ 7 * 7 }}", "$x^2$ \\alpha",
    "price \u202e99.9$\u202c", "bell \x07 escape \x1b[31m null", "日本語 🛒", "-->", "</script><script>alert(2)</script>",
    "![x](http://example.com/a.png)", "| a | b |\n# head", "x" * 900, "\ud800 half a character",
)  # fmt: skip
LABELS = ("bad", "good", "so-so")
BARE = Gallery(None, None, None, None, None, (), ())


def run_of(
    folder: Path,
    guesses: Sequence[float | str | Guess],
    *,
    of: Sequence[Item] | None = None,
    usd: str | None = "0",
    **changed: Any,
) -> Run:
    """A run over `of` (as many items as there are guesses if not given); a string is a failure for that reason."""
    scored = items(len(guesses)) if of is None else of
    with writing(folder, plan(**changed), scored) as writer:
        for item, guess in zip(scored, guesses, strict=False):
            writer.answered(item.listing.id, Answer(_guess(guess), 1, None if usd is None else Decimal(usd)))
    return load_run(folder)


def toys(folder: Path) -> list[Run]:
    """Three runs over 30 items: one 5 above each truth, one half as much again, one that often fails and whose cost is not known."""
    truths = [item.target or 0.0 for item in items(30)]
    wild: list[float | str] = [truth * 3 if place % 3 else "refused: cannot say" for place, truth in enumerate(truths)]
    llm: dict[str, Any] = {
        "model": "maker/large",
        "llm": True,
        "predictor": "chat",
        "tariff": {"rates": {"input": "0.15", "output": "0.6"}, "source": "list", "as_of": "2026-10-26"},
    }
    return [
        run_of(folder / "near", [truth + 5 for truth in truths], predictor="ridge", command="assay evaluate --predictor ridge"),
        run_of(folder / "half", [truth * 1.5 for truth in truths], usd="0.002", **llm),
        run_of(folder / "wild", wild, usd=None, predictor="local", probe={"says": "Nothing was recalled.", "items_asked": 40}),
    ]  # fmt: skip


def hostile(folder: Path) -> list[Run]:
    """Runs whose every text is meant to do harm."""
    told = [
        replace(item, listing=replace(item.listing, title=text, text=text, category=text))
        for item, text in zip(items(len(HOSTILE)), map(whole, HOSTILE), strict=True)
    ]
    answered = [Guess(12.0, raw=text, model=text) for text in map(whole, HOSTILE)]
    failed = [Guess(failure=f"refused: {text}", raw=text) for text in map(whole, HOSTILE)]
    half = len(HOSTILE) // 2
    bad = HOSTILE[0]
    data = {"name": bad, "fingerprint": HOSTILE[1], "split": HOSTILE[2]}
    return [
        run_of(folder / "one", answered, of=told, data=data, predictor=HOSTILE[1], settings={bad: HOSTILE[6]}, probe={bad: HOSTILE[5]}),
        run_of(folder / "two", [*answered[:half], *failed[half:]], of=told, data=data, model=bad, command=HOSTILE[9], versions=bad),
    ]  # fmt: skip


def labelled(folder: Path) -> list[Run]:
    """Two runs of twelve labels: one with nine right, two wrong and a failure, and one that always says the same."""
    truths = [LABELS[place % 3] for place in range(12)]
    told = [replace(item, target=None, label=label) for item, label in zip(items(12), truths, strict=True)]
    task = plan()["task"] | {"name": "mood", "unit": None, "labels": list(LABELS)}
    guesses = [Guess(label=label, raw=label) for label in truths]
    guesses[0], guesses[3], guesses[1] = Guess(label="good"), Guess(label="so-so"), Guess(failure="unreadable: ?")
    same = [Guess(label="good")] * 12
    return [
        run_of(folder / "able", guesses, of=told, task=task, model="maker/able"),
        run_of(folder / "same", same, of=told, task=task, predictor="majority"),
    ]


def text_of(runs: Sequence[Run]) -> str:
    """The page on these runs without its pictures, which take their time."""
    found = study(runs)
    nothing = tuple(None for _ in found.entries)
    return page(found, replace(BARE, scatters=nothing, curves=nothing))


def whole(text: str) -> str:
    """The text as a file can hold it: half a character is escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def _guess(said: float | str | Guess) -> Guess:
    if isinstance(said, Guess):
        return said
    usage: Mapping[str, int] = {"input_tokens": 50, "output_tokens": 5}
    if isinstance(said, str):
        return Guess(failure=said, raw="I would rather not", usage=Usage(**usage))
    return Guess(said, raw=f"${said:.2f}", usage=Usage(**usage), latency_s=0.5)
