"""A run on disk: what was decided, the items with their truths, and one line for each answer as it arrived. It is enough to go on
after a kill and to score again without a call."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog.snapshot import home
from pricer.errors import BadInput, PricerError
from pricer.evaluation.outcome import Outcome
from pricer.files import write_text
from pricer.predictors.protocol import Guess, Task, Usage
from pricer.products.items import Item, Listing

FORMAT = 1
PLAN, ITEMS, ANSWERS, RESULT, LOCK = "plan.json", "items.jsonl", "answers.jsonl", "result.json", ".lock"
UNANSWERED = "no answer"  # how the failure of an item begins that nobody answered
# What decides the answers: a folder whose plan differs in one of these holds another run.
DECIDING = ("predictor", "model", "data", "task", "settings", "prompt_hash", "seed", "trained")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered item: the guess, how often it was tried, what it cost (None: not known)."""

    guess: Guess
    attempts: int
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Lines:
    """What the answers file tells: answers by item id, and how many attempts at each item may have been billed in vain (a time-out,
    a kill before the answer was kept)."""

    answers: dict[str, Answer]
    vain: dict[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it lies on disk, complete or not."""

    folder: Path
    plan: dict[str, Any]
    items: tuple[Item, ...]
    lines: Lines

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.folder.name

    @property
    def complete(self) -> bool:
        """Whether every item has its answer."""
        return len(self.lines.answers) == len(self.items)

    @property
    def task(self) -> Task:
        """What was asked."""
        told = dict(self.plan["task"])
        return Task(**(told | {"labels": tuple(told["labels"])}))

    @property
    def outcomes(self) -> list[Outcome]:
        """The answers so far beside their truths, in the order of the items."""
        return list(_outcomes(self.items, self.lines))

    @property
    def cost_usd(self) -> Decimal | None:
        """What the answers cost together; None as soon as one is unpriced, and zero where nobody charges."""
        usd = [answer.usd for answer in self.lines.answers.values()]
        return None if any(one is None for one in usd) else sum((one for one in usd if one is not None), Decimal(0))


def runs_folder() -> Path:
    """Where runs lie unless a folder is named: `runs` in the home folder."""
    return home() / "runs"


def find_run(said: str) -> Path:
    """The folder that `said` means: a path, or the name of a run in the home folder. `BadInput` says which there are."""
    for folder in (Path(said), runs_folder() / said):
        if (folder / PLAN).is_file():
            return folder
    there = sorted(path.parent.name for path in runs_folder().glob(f"*/{PLAN}"))
    raise BadInput(f"no run {said!r}: wanted a folder with a {PLAN}, or one of {', '.join(there[:12]) or 'none yet'}")


def load_run(folder: Path, items: Sequence[Item] = ()) -> Run:
    """The run in `folder`; its `items` are read too unless they are given. A last line that a kill cut short is left out; any other
    damage is a `BadInput`."""
    plan = _json(folder / PLAN)
    if plan.get("format") != FORMAT:
        raise BadInput(f"{folder.name}/{PLAN}: wanted format {FORMAT}, found {plan.get('format')!r}")
    there = tuple(items) or tuple(_item(row) for row in _rows(folder / ITEMS))
    return Run(folder, plan, there, _lines(_rows(folder / ANSWERS)) if (folder / ANSWERS).exists() else Lines({}, {}))


class Writer:
    """The only one that writes a run. `lines` is what an earlier process left."""

    def __init__(self, run: Run, file: Any) -> None:
        self.run = run
        self.lines = run.lines
        self._file = file

    def asked(self, item_id: str) -> None:
        """Note that an attempt begins which may be billed, before it does."""
        self._write({"asked": item_id})

    def free(self, item_id: str) -> None:
        """Note that the attempt failed in a way that nobody bills."""
        self._write({"free": item_id})

    def answered(self, item_id: str, answer: Answer, *, settles: int = 1) -> None:
        """Keep an answer, which settles one attempt, or none when nobody answered. It outlives this process once this returns."""
        self.lines.answers[item_id] = answer
        self._write(_line(item_id, answer) | ({} if settles == 1 else {"settles": settles}))

    def _write(self, row: dict[str, Any]) -> None:
        # One write of one whole line, unbuffered: what the kernel has taken survives the process.
        self._file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def finish(self, result: dict[str, Any]) -> None:
        """Write the result, last of all."""
        os.fsync(self._file.fileno())
        write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", self.run.folder / RESULT)


@contextmanager
def writing(folder: Path, plan: dict[str, Any], items: Sequence[Item]) -> Iterator[Writer]:
    """The writer of a new run, or of the same run begun earlier. `BadInput` when another process writes it, or when the folder
    holds a run that was decided otherwise."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--run {folder}: {error.strerror or error}") from None
    with _locked(folder):
        if (folder / PLAN).exists():
            _same(folder, plan)
        else:
            _begin(folder, plan, items)
        run = load_run(folder, items)
        cut_torn_line(folder / ANSWERS)
        with (folder / ANSWERS).open("ab", buffering=0) as file:
            try:
                yield Writer(run, file)
            except OSError as error:
                raise PricerError(
                    f"could not write {folder.name}/{ANSWERS}: {error.strerror or error}; what is saved stays"
                ) from error


def identity(plan: dict[str, Any]) -> str:
    """A hash of all that decides the answers."""
    told = json.dumps({name: plan.get(name) for name in DECIDING}, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def plain(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan as it reads back from disk."""
    told: dict[str, Any] = json.loads(json.dumps(plan, default=str))
    return told


def unanswered(run: Run) -> int:
    """How many items of the run ended with nobody answering."""
    return sum(nobody_answered(answer) for answer in run.lines.answers.values())


def called(plan: dict[str, Any]) -> str:
    """What a run is called beside others: its model or predictor, and the examples that a chat model is shown."""
    settings = plan.get("settings") or {}
    shown = [f"{settings[name]} {name}" for name in ("shots", "similar") if settings.get(name)]
    return " + ".join([str(plan.get("model") or plan["predictor"]), *shown])


def nobody_answered(answer: Answer) -> bool:
    """Whether the item's attempts ended without a reply of any kind."""
    return (answer.guess.failure or "").startswith(UNANSWERED)


def earlier_result(folder: Path) -> dict[str, Any]:
    """The result that an earlier process left; empty when there is none."""
    return _json(folder / RESULT) if (folder / RESULT).exists() else {}


def default_name(plan: dict[str, Any]) -> str:
    """A name that the same command finds again: predictor or model, data, and the head of the identity."""
    words = f"{plan.get('model') or plan['predictor']} {plan['data']['name'].partition('.')[0]}"
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.")[:60] + "-" + identity(plan)[:8]


# --- the folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BadInput(
            f"run {folder.name}: another process is writing it; wait for it, or name another folder with --run"
        ) from None
    except OSError as error:
        raise BadInput(f"run {folder.name}: cannot write there: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


def _begin(folder: Path, plan: dict[str, Any], items: Sequence[Item]) -> None:
    rows = (json.dumps(_row(item), ensure_ascii=False, separators=(",", ":")) for item in items)
    write_text("".join(f"{row}\n" for row in rows), folder / ITEMS)
    (folder / ANSWERS).unlink(missing_ok=True)
    started = {"format": FORMAT, **plan, "started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    write_text(json.dumps(started, ensure_ascii=False, indent=1, default=str) + "\n", folder / PLAN)


def _same(folder: Path, plan: dict[str, Any]) -> None:
    there, now = _json(folder / PLAN), plain(plan)
    differs = [name for name in DECIDING if there.get(name) != now.get(name)]
    if differs:
        shown = "; ".join(f"{name}: {there.get(name)!r:.80} there, {now.get(name)!r:.80} now" for name in differs)
        raise BadInput(f"run {folder.name} was made with other settings ({shown}); name another folder with --run")


def cut_torn_line(path: Path) -> None:
    """Cut what stands behind the last line end: a line that a kill interrupted."""
    if path.exists():
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.truncate(path, whole)


# --- lines


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                yield _parsed(line, path, number)
    except OSError as error:
        raise BadInput(f"{path.parent.name}/{path.name}: cannot be read: {error.strerror or error}") from None


def _parsed(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise BadInput(
            f"{path.parent.name}/{path.name}:{number}: wanted one JSON object, found {line[:60]!r} ({error})"
        ) from None
    if not isinstance(row, dict):
        raise BadInput(f"{path.parent.name}/{path.name}:{number}: wanted one JSON object, found {line[:60]!r}")
    return row


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.parent.name}/{path.name}: damaged or unreadable ({error!s:.80})") from None
    if not isinstance(told, dict):
        raise BadInput(f"{path.parent.name}/{path.name}: wanted a JSON object, found {str(told)[:60]!r}")
    return told


def _row(item: Item) -> dict[str, Any]:
    return asdict(item.listing) | {
        "target": item.target,
        "label": item.label,
        "family": item.family,
        "split": item.split,
    }


def _item(row: dict[str, Any]) -> Item:
    listing = Listing(**{name: row[name] for name in Listing.__dataclass_fields__})
    return Item(listing, row["target"], row["label"], 0, row["family"], row["split"], 0)


def _line(item_id: str, answer: Answer) -> dict[str, Any]:
    """An answer as a line; what is unknown is left out."""
    guess = answer.guess
    told: dict[str, Any] = {
        "id": item_id,
        "attempts": answer.attempts,
        "usd": None if answer.usd is None else str(answer.usd),
    }
    for name in ("value", "label", "failure", "raw", "model", "latency_s"):
        value = getattr(guess, name)
        if value is not None:
            told[name] = round(value, 4) if name == "latency_s" else value
    if guess.usage:
        told["usage"] = {name: count for name in Usage.__slots__ if (count := getattr(guess.usage, name)) is not None}
    told["at"] = round(time.time(), 2)
    return told


def _lines(rows: Iterable[dict[str, Any]]) -> Lines:
    """The last answer to each item, and the attempts that neither an answer nor a free failure followed."""
    answers: dict[str, Answer] = {}
    vain: Counter[str] = Counter()
    for row in rows:
        if "asked" in row:
            vain[row["asked"]] += 1
        elif "free" in row:
            vain[row["free"]] -= 1
        else:
            vain[row["id"]] -= row.get("settles", 1)
            answers[row["id"]] = _answer(row)
    return Lines(answers, {item: count for item, count in vain.items() if count > 0})


def _answer(row: dict[str, Any]) -> Answer:
    usage = Usage(**row["usage"]) if "usage" in row else None
    guess = Guess(
        row.get("value"),
        row.get("label"),
        row.get("failure"),
        row.get("raw"),
        usage,
        row.get("model"),
        row.get("latency_s"),
    )
    return Answer(guess, row["attempts"], None if row["usd"] is None else Decimal(row["usd"]))


def _outcomes(items: Iterable[Item], lines: Lines) -> Iterator[Outcome]:
    for item in items:
        answer = lines.answers.get(item.listing.id)
        if answer is not None:
            yield Outcome(
                item.listing.id, item.listing.title, item.listing.category, item.target, item.label, answer.guess,
                answer.attempts, None if answer.usd is None else float(answer.usd),
            )  # fmt: skip
