"""Which tool a chat model calls first, and with which arguments: `python bench/tool_choice.py --model planner|local/PATH.gguf|openai/…`.

    --part dev|held_out|both   the tasks (both); what goes wrong is told for dev alone
    --first-only               the first reply of each task, without the whole conversations
    --reviewer                 the author's first reply twice (self-consistency) against author and reviewer, at equal budget
    --against MODEL            compare with the answers that an earlier run kept of that model
    --max-cost-usd USD         needed where the provider charges: without it only the estimate is printed
    --again                    ask once more what failed
    --out FOLDER               where answers are kept (exams in the home folder); a stopped run goes on

Temperature 0 where the model has one (`--temperature none` leaves it alone). Approvals are refused, and whole conversations happen in an
empty home: no data set is loaded, nothing can be spent.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import logging
import os
import re
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import prompts
from agent.conversation.models import chat_model
from agent.exam import asking
from agent.exam.answers import Answer, Book
from agent.exam.reading import PARTS, part
from agent.exam.run import Bill, exam_of, first_calls, run, say, whole_conversations
from agent.exam.score import Score, paired, score
from agent.exam.table import compared, errors, table
from agent.exam.tasks import Task
from catalog import snapshot
from catalog.snapshot import home
from pricer.errors import PricerError

WAYS = {"alone": (asking.alone, 1), "twice": (asking.twice, 2), "reviewed": (asking.reviewed, 2)}
FREE = ("planner", "local/", "ollama/", "vllm/", "llamacpp/", "lmstudio/")
REPLY_TOKENS, CALLS_A_TALK, RESULT_TOKENS, CHARACTERS_A_TOKEN = 200, 3, 3000, 3.0
# One day for every run: the prompt is part of what decides the answers.
SYSTEM = prompts.text("assistant", today="2026-11-21", others="")


def main() -> None:
    """Ask, mark, print."""
    options = _options()
    for library in ("httpx", "httpx2", "mcp", "fastmcp"):  # a line for every request would drown the progress
        logging.getLogger(library).setLevel(logging.WARNING)
    parts = PARTS if options.part == "both" else (options.part,)
    try:
        asyncio.run(_exams(options, parts))
    except PricerError as error:
        sys.exit(str(error))


async def _exams(options: argparse.Namespace, parts: tuple[str, ...]) -> None:
    tools, folder = await asking.tools_of_server(), options.out or home() / "exams"
    bill = _bill(options, parts, tools)
    model = chat_model(options.model)
    model = model if options.temperature == "none" else asking.sampled(model, float(options.temperature))
    with tempfile.TemporaryDirectory() as empty:
        os.environ["ASSAY_HOME"] = empty
        for name in parts:
            scores = {way: await _exam(options, name, way, model, tools, folder, bill) for way in _ways(options)}
            for way, found in scores.items():
                print(f"\n## {options.model}, {way}, {name}\n\n{table(found)}\n")
                if name == "dev":
                    print("\n".join(f"- {line}" for line in errors(found)))
            if options.reviewer:
                print(compared(paired(scores["reviewed"].marks, scores["twice"].marks), "reviewed", "twice"))
            if options.against:
                other = _kept(folder, options.against, name, tools)
                print(compared(paired(scores["alone"].marks, other.marks), options.model, options.against))
    if bill.tariff:
        print(f"\nThe bill: ${bill.usd:.4f}")


async def _exam(
    options: argparse.Namespace, name: str, way: str, model: Any, tools: Any, folder: Path, bill: Bill
) -> Score:  # fmt: skip
    """One way of asking on one part, to its end."""
    tasks = part(name)
    book = _book(folder, options.model, name, way, tools)
    if options.again:
        book.forget_failures()
    bill.usd += sum((Decimal(answer.usd) for answer in book.answers.values()), Decimal(0))
    made, calls = WAYS[way]
    await run(tasks, book, first_calls(made(model, tools), SYSTEM, tools, bill, calls=calls), "first")
    if way == "alone" and not options.first_only:
        from agent.gateway.gateway import Gateway

        async with Gateway() as gateway:
            await run([task for task in tasks if task.whole], book, whole_conversations(model, gateway, bill), "whole")
    return score(tasks, book.of("first"), _whole(book))


def _kept(folder: Path, model: str, name: str, tools: Any) -> Score:
    book = _book(folder, model, name, "alone", tools)
    return score(part(name), book.of("first"), _whole(book))


def _whole(book: Book) -> dict[str, Answer] | None:
    return book.of("whole") or None


def _book(folder: Path, model: str, name: str, way: str, tools: Any) -> Book:
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", model).strip("-")[-60:]
    return Book(folder / f"{slug}-{way}-{name}.jsonl", exam_of(model, part(name), SYSTEM, tools, way))


def _bill(options: argparse.Namespace, parts: tuple[str, ...], tools: Any) -> Bill:
    """What may be spent. A model that charges is not asked before a cap is named; one whose price nobody knows is not asked at all."""
    from catalog.tariff import tariff

    if options.model.startswith(FREE):
        return Bill()
    charged = tariff(snapshot.load(), options.model, dt.datetime.now(dt.UTC).date())
    if charged is None:
        sys.exit(f"--model {options.model}: no source prices it there, so that its bill could not be kept below a cap")
    calls, sent = _calls(options, parts, len(json.dumps(list(tools))) + len(SYSTEM))
    usd = charged.cost(input_tokens=sent, output_tokens=calls * REPLY_TOKENS)
    say(
        f"estimate: {calls} calls, {sent:,} tokens in and {calls * REPLY_TOKENS:,} out, about ${usd:.2f} at {charged.source}'s prices"
    )
    if options.max_cost_usd is None:
        sys.exit("nothing was asked: name --max-cost-usd to go on")
    return Bill(charged, options.max_cost_usd)


def _calls(options: argparse.Namespace, parts: tuple[str, ...], head: int) -> tuple[int, int]:
    """About how many calls of the model and tokens sent."""
    tasks: list[Task] = [task for name in parts for task in part(name)]
    first = len(tasks) * sum(WAYS[way][1] for way in _ways(options))
    talks = 0 if options.first_only else CALLS_A_TALK * sum(task.whole for task in tasks)
    said = sum(len(repr(task.conversation)) for task in tasks) // len(tasks)
    return first + talks, int((first + talks) * (head + said) / CHARACTERS_A_TOKEN) + talks * RESULT_TOKENS


def _ways(options: argparse.Namespace) -> tuple[str, ...]:
    return ("alone", "twice", "reviewed") if options.reviewer else ("alone",)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--part", choices=(*PARTS, "both"), default="both")
    parser.add_argument("--first-only", action="store_true")
    parser.add_argument("--reviewer", action="store_true")
    parser.add_argument("--against")
    parser.add_argument("--max-cost-usd", type=Decimal)
    parser.add_argument("--temperature", default="0")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
