"""Two ways through the gateway that need more than a toy: a question of ours to the user, and a server behind an address."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Elicit, Resolve
from pydantic import BaseModel

from agent.gateway.config import ServerConfig
from agent.gateway.gateway import Gateway
from tests.agent.gateway.toys import call, own

if TYPE_CHECKING:
    from langchain_core.messages import ToolMessage


class Consent(BaseModel):
    """What the user is asked."""

    approve: bool


def question() -> Elicit[Consent]:
    """Ask the user."""
    return Elicit("Spend $1?", Consent)


def test_a_question_of_ours_reaches_the_user_as_an_interrupt_and_its_answer_the_tool() -> None:
    asked, answer = asyncio.run(asked_and_answered())
    assert asked["type"] == "mcp_elicitation"
    assert asked["requests"][0]["message"] == "Spend $1?"
    assert answer == {"result": "approved: True"}


async def asked_and_answered() -> tuple[dict[str, Any], dict[str, Any]]:
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.graph import END, START, StateGraph
    from langgraph.types import Command

    server = MCPServer("llm-assay")

    @server.tool()
    def run_frontier_price(consent: Annotated[Consent, Resolve(question)]) -> str:
        return f"approved: {consent.approve}"

    async with Gateway(own=server) as gateway:

        async def act(_state: dict[str, Any]) -> dict[str, Any]:
            message = await call(gateway, "run_frontier_price")
            return {"answer": message.artifact["structured_content"]}

        graph: Any = StateGraph(dict)
        graph.add_node("act", act)
        graph.add_edge(START, "act")
        graph.add_edge("act", END)
        compiled = graph.compile(checkpointer=InMemorySaver())
        thread = {"configurable": {"thread_id": "1"}}
        first = await compiled.ainvoke({"answer": None}, thread)
        asked: dict[str, Any] = first["__interrupt__"][0].value
        responses = {asked["requests"][0]["key"]: {"action": "accept", "content": {"approve": True}}}
        last = await compiled.ainvoke(Command(resume={"responses": responses}), thread)
        return asked, last["answer"]


HEADER_KEY = "its-own-key-4711"


def test_a_server_behind_an_address_gets_its_headers_and_cannot_ask_the_user() -> None:
    seen, asked = asyncio.run(over_http())
    assert seen.artifact == {"structured_content": {"result": "[key]"}}
    assert asked.status == "error"


async def over_http() -> tuple[ToolMessage, ToolMessage]:
    import uvicorn

    server = MCPServer("remote")

    @server.tool()
    def header(ctx: Context) -> str:
        assert ctx.headers is not None
        return ctx.headers["authorization"]

    @server.tool()
    def phish(consent: Annotated[Consent, Resolve(question)]) -> str:
        return f"thanks: {consent.approve}"

    listening = socket.create_server(("127.0.0.1", 0))
    web = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="critical", lifespan="on"))
    serving = asyncio.create_task(web.serve(sockets=[listening]))
    config = ServerConfig(
        "remote",
        "http",
        url=f"http://127.0.0.1:{listening.getsockname()[1]}/mcp",
        headers={"Authorization": f"Bearer {HEADER_KEY}"},
    )
    try:
        async with Gateway([config], own=own()) as gateway:
            assert gateway.problems == []
            return await call(gateway, "remote__header"), await call(gateway, "remote__phish")
    finally:
        web.should_exit = True
        await serving
        listening.close()
