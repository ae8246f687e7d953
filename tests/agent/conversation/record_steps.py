"""Steps of a conversation with the real tools, kept beside this file: `python -m tests.agent.conversation.record_steps` makes them anew.

Toy data, and a provider on the loopback; `recorded()` reads what was kept.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from agent.conversation.evidence import OURS, Step

KEPT = Path(__file__).with_name("recorded_steps.json")
WORKLOAD = {"requests_per_month": 300_000, "input_tokens": 2000, "output_tokens": 300}
CHAT = {"dataset": "pans", "model": "openai/gpt-4o-mini", "limit": 24}


def recorded() -> list[Step]:
    """The steps as they were kept."""
    return [Step(**row) for row in json.loads(KEPT.read_text(encoding="utf-8"))]


def main() -> None:
    """Call the tools and keep what they say."""
    from tests.pricer.predictors.chat.loopback import Loopback, running
    from tests.server.toys import make_dataset

    with tempfile.TemporaryDirectory() as home, running(Loopback()) as provider:
        os.environ |= {
            "ASSAY_HOME": home, "OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-canary-0123456789abcdef",
        }  # fmt: skip
        make_dataset(Path(home))
        steps = [step(number, *call) for number, call in enumerate(calls(), 1)]
    KEPT.write_text(json.dumps(steps, ensure_ascii=False, indent=0), encoding="utf-8")


def calls() -> list[tuple[str, dict[str, Any]]]:
    """What is asked, one after another; each run's folder is known from what made it."""
    wanted = {"open_weights": True, "min_context_tokens": 128_000, "tool_calling": True, "max_monthly_usd": 400}
    return [
        ("recommend_models", {"requirements": {"max_monthly_cost_usd": 400}}),
        ("recommend_models", {"requirements": wanted | {"workload": WORKLOAD, "ask_about": ["openai/gpt-5.1"]}}),
        ("compare_models", {"models": ["openai/gpt-5.1", "qwen/qwen3-32b"], "workload": WORKLOAD}),
        ("run_frontier_price", CHAT | {"confirm": False}),
        ("run_frontier_price", CHAT | {"confirm": True, "max_cost_usd": 0.5}),
        ("run_baseline", {"dataset": "pans", "predictor": "mean"}),
        ("run_baseline", {"dataset": "pans"}),
        ("compare_runs", {}),
        ("advise_approach", {"task": WORKLOAD | {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6, "labelled_examples": 900}}),
        ("start_fine_tune", {"dataset": "pans"}),
    ]  # fmt: skip


def step(number: int, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """One call and what came of it."""
    from pricer.evaluation.run import runs_folder
    from tests.server.toys import answer, called

    if tool == "compare_runs":
        arguments = {"runs": sorted(path.parent.name for path in runs_folder().glob("*/plan.json"))}
    result = called(tool, arguments)
    told = {"text": result.content[0].text} if result.is_error else result.structured_content
    if told.get("state") == "running":
        told = answer(tool, arguments)
    return {
        "number": number, "server": OURS, "tool": tool, "arguments": arguments, "result": told, "is_error": result.is_error,
    }  # fmt: skip


if __name__ == "__main__":
    main()
