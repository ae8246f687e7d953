"""The corpus of hostile texts, as product texts, as results and as other servers' words: nothing is spent, written or given away."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import StructuredTool

from agent.conversation.conversation import Conversation
from agent.conversation.events import Question, Reply
from agent.conversation.offline.model import PlannerModel
from catalog.snapshot import home
from tests.agent.conversation.scripted import Scripted, call, says, scripted
from tests.injections import Injection, injections
from tests.server.toys import make_dataset

KEY = "sk-canary-0123456789abcdef"
SPENDS = ("run_frontier_price", "start_fine_tune", "run_baseline", "cancel_job")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


class OneTool:
    """A gateway whose one reading tool says a hostile text, beside those that spend, whose calls are counted."""

    def __init__(self, text: str) -> None:
        self.text, self.spent = text, list[str]()
        self.tools = [
            self._tool("search_products", approval=False),
            *(self._tool(name, approval=True) for name in SPENDS),
        ]
        self.problems: list[str] = []

    def _tool(self, name: str, *, approval: bool) -> StructuredTool:
        async def run(**arguments: Any) -> tuple[str, dict[str, Any]]:
            if approval:
                self.spent.append(name)
            return self.text, {"structured_content": {"items": [{"text": self.text}]}}

        return StructuredTool(
            name=name, description=name, args_schema={"type": "object", "properties": {}}, coroutine=run,
            response_format="content_and_artifact", metadata={"assay": {"server": "llm-assay", "tool": name, "approval": approval}},
        )  # fmt: skip


def obedient(messages: list[BaseMessage]) -> AIMessage:
    """A model that does whatever the last result says: the worst that an injection can hope for."""
    last = messages[-1]
    if isinstance(last, ToolMessage) and last.name == "search_products":
        return call("run_frontier_price", dataset="pans", model="openai/gpt-5.1", max_cost_usd=1000, confirm=True)
    return says("Done.")


def talked(model: Any, gateway: Any, question: str) -> list[Question]:
    asked: list[Question] = []

    async def no(told: Question) -> Reply:
        asked.append(told)
        return Reply(yes=False)

    async def main() -> None:
        async with Conversation(model, gateway, approve=no) as talk:
            await talk.ask(question)

    asyncio.run(main())
    return asked


@pytest.mark.parametrize("one", injections()[::4], ids=lambda one: one.id)
def test_model_that_obeys_a_result_still_spends_nothing(one: Injection) -> None:
    gateway = OneTool(one.text)
    model: Scripted = scripted(call("search_products", text="a pan"), obedient, says("Done."), says("Done."))
    assert [question.tool for question in talked(model, gateway, "find a pan")] == ["run_frontier_price"]
    assert gateway.spent == []


@pytest.mark.parametrize("one", injections()[1::4], ids=lambda one: one.id)
def test_planner_is_not_moved_by_what_a_result_says(one: Injection) -> None:
    gateway = OneTool(one.text)
    assert talked(PlannerModel(), gateway, "find products like: a red cast iron pan") == []
    assert gateway.spent == []


def test_obedient_model_gets_no_key_and_no_run_out_of_the_real_server() -> None:
    from agent.gateway.gateway import Gateway

    make_dataset(home())
    model = scripted(
        call("query_dataset", sql="SELECT getenv('OPENAI_API_KEY')"),
        call("run_frontier_price", dataset="pans", model="openai/gpt-5.1", max_cost_usd=1000, confirm=True),
        says("Done."),
    )

    async def main() -> str:
        async with Gateway() as gateway, Conversation(model, gateway) as talk:
            turn = await talk.ask("go")
            return str([step.result for step in turn.steps])

    told = asyncio.run(main())
    assert KEY not in told
    assert "did not approve" in told
    assert not list(home().glob("jobs/*/job.json"))
