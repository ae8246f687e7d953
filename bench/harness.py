"""The runner against a provider on the loopback: what an answer costs in processor time and memory beside a bare loop, and what a kill,
faults and a cap do to a run.

    python bench/harness.py speed     1,000 items at concurrency 50, the whole command beside a bare AsyncOpenAI loop, in turns
    python bench/harness.py kills     kill -9 at 20 random moments, resume, compare with an uninterrupted run
    python bench/harness.py faults    10 % 429 + 5 % 500 + 2 % malformed + 1 % hanging
    python bench/harness.py cap       a cap of $1.00 with 50 calls in flight

The provider is `tests/pricer/predictors/chat/loopback.py` in a process of its own; its prices are made of the words it is asked.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ASSAY = str(Path(sys.executable).with_name("assay"))
MODEL = "openai/gpt-4o-mini"
BARE = """
import asyncio, json, sys
from openai import AsyncOpenAI

async def main(data, out, base_url):
    client = AsyncOpenAI(api_key="none", base_url=base_url, max_retries=0)
    gate = asyncio.Semaphore(50)
    rows = [json.loads(line) for line in open(data)]
    with open(out, "w") as file:
        async def one(row):
            async with gate:
                said = await client.chat.completions.create(
                    model="gpt-4o-mini", max_tokens=24, messages=[{"role": "user", "content": "What does this cost?\\n" + row["text"]}]
                )
                file.write(json.dumps({"id": row["id"], "raw": said.choices[0].message.content}) + "\\n")
                file.flush()
        await asyncio.gather(*(one(row) for row in rows))

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass(frozen=True)
class Spent:
    """What a process used."""

    cpu_s: float
    peak_mb: float
    wall_s: float
    code: int
    out: str


def main() -> None:
    """Run the part that is named."""
    parts = {"speed": speed, "kills": kills, "faults": faults, "cap": cap}
    if len(sys.argv) < 2 or sys.argv[1] not in parts:
        sys.exit(f"wanted one of {', '.join(parts)}")
    with tempfile.TemporaryDirectory() as folder:
        parts[sys.argv[1]](Path(folder), *(int(one) for one in sys.argv[2:]))


def speed(folder: Path, rounds: int = 5) -> None:
    """Both in turns; medians and the ratio."""
    data = items(folder, 1000)
    ours, bare = [], []
    with provider() as (url, stats):
        for number in range(rounds):
            ours.append(evaluate(folder / f"home{number}", data, url))
            bare.append(spent([sys.executable, "-c", BARE, str(data), str(folder / "bare.jsonl"), url], {}))
        assert stats()["answered"] == 2 * rounds * 1000, stats()
    for name, runs in (("assay evaluate", ours), ("bare AsyncOpenAI loop", bare)):
        print(
            f"{name:22} {median(runs, 'cpu_s'):.2f} CPU-s  {median(runs, 'peak_mb'):.0f} MB  {median(runs, 'wall_s'):.2f} s"
        )
    print(
        f"{'ratio':22} {median(ours, 'cpu_s') / median(bare, 'cpu_s'):.2f}         {median(ours, 'peak_mb') / median(bare, 'peak_mb'):.2f}"
    )
    told = json.loads(ours[0].out)
    print(f"{told['n']} items, {told['failures']} failures, every answer on disk: {told['complete']}")


def kills(folder: Path, moments: int = 20, count: int = 300) -> None:
    """Each kill on a run of its own; the totals after resuming must be those of an uninterrupted run, to the last digit."""
    data, draw = items(folder, count), random.Random(7)
    with provider("--delay-s", "0.03") as (url, stats):
        whole = json.loads(evaluate(folder / "whole", data, url).out)
        for moment in range(moments):
            home, before = folder / f"killed{moment}", stats()["calls"]
            kept, asked = killed(home, data, url, draw.randrange(1, count), draw.random() * 0.05)
            resumed = json.loads(evaluate(home, data, url).out)
            again = stats()["calls"] - before - count
            differs = [name for name in TOTALS if resumed[name] != whole[name]]
            print(
                f"killed with {kept:3} answers kept and {asked:2} in flight: {again:2} asked again, differing totals: {differs or 'none'}"
            )
            assert not differs, differs
            assert again <= asked <= 50, (again, asked)
    print(f"{moments} kills: no total differs, never more calls repeated than were in flight")


TOTALS = (
    "n",
    "answered",
    "failures",
    "mae",
    "mae_ci95",
    "median_ae",
    "rmsle",
    "r2",
    "bias",
    "cost_usd",
    "tokens",
    "models_returned",
)


def faults(folder: Path, count: int = 1000) -> None:
    """No item may be left without an answer."""
    data = items(folder, count)
    share = ["--fault", "429=0.10", "--fault", "500=0.05", "--fault", "malformed=0.02", "--fault", "hang=0.01"]
    with provider("--seed", "3", *share) as (url, stats):
        run = evaluate(folder / "home", data, url, "--timeout", "2")
        told, seen = json.loads(run.out), stats()
    print(
        f"{told['answered']} of {count} answered, {told['failures']} failures, {told['attempts']} attempts, {run.wall_s:.1f} s"
    )
    print(f"the provider sent {seen['statuses']}")
    assert told["failures"] == 0, told["failures_by_reason"]


def cap(folder: Path, count: int = 1000) -> None:
    """Priced so that the items cost more than a dollar: the provider's own bill must stay below it."""
    data = items(folder, count)
    price = ["--input-usd-per-mtok", "10", "--output-usd-per-mtok", "40", "--max-cost-usd", "1.00"]
    with provider("--delay-s", "0.02") as (url, stats):
        run = evaluate(folder / "home", data, url, *price)
        seen = stats()
    billed = (Decimal(10) * seen["input_tokens"] + Decimal(40) * seen["output_tokens"]) / 10**6
    told = json.loads(run.out)
    print(
        f"exit {run.code}; {told['answered']} of {count} answered; we say ${told['cost_usd']}, the provider billed ${billed}"
    )
    print(f"most in flight at once: {seen['most_in_flight']}")
    assert run.code == 3
    assert billed <= 1
    assert Decimal(told["cost_usd"]) == billed


def items(folder: Path, count: int) -> Path:
    """Made-up products as the command reads them."""
    from pricer.products.sources.sample import write_jsonl

    path, rows = folder / "items.jsonl", dict[str, dict[str, Any]]()
    write_jsonl(folder / "raw.jsonl", count * 4, 5)
    for line in (folder / "raw.jsonl").read_text().splitlines():
        row = json.loads(line)
        text = f"{row['title']}\n{' '.join(row.get('description') or [])}"[:900]
        if (
            isinstance(row.get("price"), int | float)
            and 1 <= row["price"] < 1000
            and len(text) > 40
            and len(rows) < count
        ):
            rows.setdefault(text, {"id": f"p{len(rows)}", "text": text, "price_usd": row["price"]})
    assert len(rows) == count, len(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows.values()))
    return path


@contextmanager
def provider(*arguments: str) -> Iterator[tuple[str, Any]]:
    """The provider's address and its counts."""
    command = [sys.executable, "-m", "tests.pricer.predictors.chat.loopback", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}/v1"
        try:
            yield url, lambda: json.load(urllib.request.urlopen(f"{url}/stats"))
        finally:
            process.kill()


def evaluate(home: Path, data: Path, url: str, *more: str) -> Spent:
    """The command on the data, in its own home."""
    return spent(
        command_of(data, *more), {"ASSAY_HOME": str(home), "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none-needed"}
    )


def command_of(data: Path, *more: str) -> list[str]:
    """The command that is measured."""
    return [
        ASSAY, "evaluate", "--predictor", "chat", "--model", MODEL, "--data", str(data), "--text", "text", "--target", "price_usd",
        "--concurrency", "50", "--json", *more,
    ]  # fmt: skip


def killed(home: Path, data: Path, url: str, after: int, later_s: float) -> tuple[int, int]:
    """Kill a run once `after` answers are kept and a little later; how many answers are there, and how many calls were in flight."""
    environment = os.environ | {"ASSAY_HOME": str(home), "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none-needed"}
    process = subprocess.Popen(command_of(data), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and kept_lines(home)[0] < after:
        time.sleep(0.002)
    time.sleep(later_s)
    process.kill()
    process.wait()
    return kept_lines(home)


def kept_lines(home: Path) -> tuple[int, int]:
    """Answers kept, and attempts without one."""
    kept = asked = 0
    for path in home.glob("runs/*/answers.jsonl"):
        for line in path.read_bytes().split(b"\n")[:-1]:
            kept += line.startswith(b'{"id"')
            asked += line.startswith(b'{"asked"')
    return kept, asked - kept


def spent(command: list[str], environment: dict[str, str]) -> Spent:
    """Run a command to its end."""
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=os.environ | environment, stdout=out, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return Spent(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, wall_s, process.returncode, out.read())


def median(runs: list[Spent], name: str) -> float:
    return statistics.median(getattr(run, name) for run in runs)


if __name__ == "__main__":
    main()
