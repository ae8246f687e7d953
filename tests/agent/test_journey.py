"""From nothing to a decision: a fresh home, a client connected, a question, a bake-off on a user's own file, a report and a memo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pricer.predictors.chat.loopback import Loopback, running

KEY = "sk-canary-0123456789abcdef"
TOPICS = ("printer", "password", "screen", "invoice", "delivery", "refund")


class Traveller:
    """Somebody at a terminal with a home of their own."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))},
            "HOME": str(home), "ASSAY_HOME": str(home / "assay"), "XDG_CONFIG_HOME": str(home / ".config"),
            "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url, "COLUMNS": "120",
        }  # fmt: skip

    def assay(self, *arguments: str, says: str = "") -> subprocess.CompletedProcess[str]:
        """What a command gives; `says` is typed on its terminal."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "agent", *arguments],
            input=says, capture_output=True, text=True, env=self.environment, cwd=self.home, timeout=300, check=False,
        )  # fmt: skip


@pytest.fixture
def provider() -> Iterator[Loopback]:
    with running(Loopback()) as one:
        yield one


@pytest.fixture
def traveller(tmp_path: Path, provider: Loopback) -> Traveller:
    return Traveller(tmp_path, provider.url)


def tickets(path: Path, rows: int = 120) -> None:
    """A user's own table: support tickets and the hours they took, which follow from their topic."""
    lines = ["body,hours"]
    for number in range(rows):
        topic = TOPICS[number % len(TOPICS)]
        lines.append(
            f"Ticket {number}: customer writes about the {topic} and asks for help number {number * 7},{2 + 3 * (number % len(TOPICS))}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_from_a_fresh_home_to_a_memo(traveller: Traveller, provider: Loopback) -> None:
    connected = traveller.assay("connect", "cursor")
    assert connected.returncode == 0, connected.stderr
    entry = json.loads((traveller.home / ".cursor" / "mcp.json").read_text())["mcpServers"]["llm-assay"]
    assert Path(entry["command"]).is_absolute()

    tickets(traveller.home / "tickets.csv")
    loaded = traveller.assay(
        "data", "load", "tickets.csv", "--text", "body", "--target", "hours", "--name", "tickets", "--json"
    )
    assert loaded.returncode == 0, loaded.stderr

    talk = traveller.assay(
        "chat", "--trace", "trace.jsonl",
        says="tool calling, 128k context, 10k requests a month of 500 in / 20 out, under $50 a month\n"
        "measure openai/gpt-4o-mini on tickets with 10 items\n"
        "yes\ny\ny\n/memo memo.md\n",
    )  # fmt: skip
    assert talk.returncode == 0, talk.stderr
    assert provider.calls > 0, talk.stdout

    steps = [json.loads(line) for line in (traveller.home / "trace.jsonl").read_text().splitlines()]
    called = [step["tool"] for step in steps if step["what"] == "result" and not step["is_error"]]
    assert [
        tool
        for tool in ("recommend_models", "run_baseline", "run_frontier_price", "compare_runs")
        if tool not in called
    ] == []
    assert any(step["what"] == "asked" and step["tool"] == "run_frontier_price" and step["yes"] for step in steps)

    runs = sorted(str(path.parent) for path in (traveller.home / "assay" / "runs").glob("*/plan.json"))
    reported = traveller.assay("report", *runs, "--out", "report")
    assert reported.returncode == 0, reported.stderr
    assert list((traveller.home / "report").glob("*.html"))

    memo = (traveller.home / "memo.md").read_text()
    assert "tfidf-ridge" in memo
    assert "gpt-4o-mini" in memo
    written = "".join(
        path.read_text(errors="ignore")
        for path in traveller.home.rglob("*")
        if path.suffix in {".jsonl", ".json", ".md", ".html"}
    )
    assert KEY not in talk.stdout + talk.stderr + written


def test_small_model_on_this_machine_is_measured_from_the_chat_and_judged(traveller: Traveller) -> None:
    pytest.importorskip("xllamacpp")
    tickets(traveller.home / "tickets.csv", rows=40)
    assert (
        traveller.assay(
            "data", "load", "tickets.csv", "--text", "body", "--target", "hours", "--name", "tickets"
        ).returncode
        == 0
    )
    talk = traveller.assay(
        "chat", "--trace", "trace.jsonl", says="measure local/smollm2-135m on tickets with 3 items\nyes\ny\ny\n/memo memo.md\n"
    )  # fmt: skip
    assert talk.returncode == 0, talk.stderr
    steps = [json.loads(line) for line in (traveller.home / "trace.jsonl").read_text().splitlines()]
    (compared,) = [step["result"] for step in steps if step["what"] == "result" and step["tool"] == "compare_runs"]
    assert "local/smollm2-135m" in str(compared["rows"])
    assert "smollm2" in (traveller.home / "memo.md").read_text()
