"""The MCP server, in memory and as a real process over stdio with the official client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters, stdio_client

from catalog import snapshot
from server.app import build_server
from tests.pricer.evidence.runs import chat, measure

WORKLOAD = {"requests_per_month": 300_000, "input_tokens": 2000, "output_tokens": 300}
WANTED = {
    "open_weights": True,
    "commercial_use": True,
    "tool_calling": True,
    "max_monthly_usd": 400,
    "workload": WORKLOAD,
}
ROOT = Path(__file__).resolve().parents[2]


def asked(tool: str, arguments: dict[str, Any]) -> Any:
    """The result of one call to the server in memory."""

    async def go() -> Any:
        async with Client(build_server()) as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(go)


def listed() -> dict[str, Any]:
    async def go() -> Any:
        async with Client(build_server()) as client:
            return (await client.list_tools()).model_dump(mode="json", by_alias=True, exclude_none=True)

    found: dict[str, Any] = anyio.run(go)
    return found


def test_the_list_of_eleven_tools_fits_sixteen_kilobytes() -> None:
    tools = listed()["tools"]
    assert len(tools) == 11
    assert len(json.dumps(tools, separators=(",", ":")).encode()) <= 16 * 1000


def test_starting_the_server_imports_nothing_heavy() -> None:
    heavy = ("numpy", "sklearn", "pyarrow", "openai", "anthropic", "duckdb", "filelock", "pricer.ladder")
    code = f"import sys, server.app; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_every_tool_carries_all_four_hints_and_an_output_schema() -> None:
    hints = {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"}
    assert all(set(tool["annotations"]) == hints and tool["outputSchema"]["properties"] for tool in listed()["tools"])


def test_every_parameter_of_a_tool_is_described() -> None:
    parts = [part for tool in listed()["tools"] for part in tool["inputSchema"]["properties"].values()]
    assert parts
    assert all(part.get("description") for part in parts)


def test_every_requirement_can_be_passed_through_the_tool() -> None:
    from catalog.requirements import Requirements, Workload

    (tool,) = [tool for tool in listed()["tools"] if tool["name"] == "recommend_models"]
    schema = tool["inputSchema"]["properties"]["requirements"]["properties"]
    assert set(schema) == set(Requirements.model_fields)
    assert set(schema["workload"]["properties"]) == set(Workload.model_fields)


def test_a_shortlist_comes_back_as_structured_content_with_reasons_and_sources() -> None:
    result = asked("recommend_models", {"requirements": WANTED})
    first = result.structured_content["shortlist"][0]
    assert not result.is_error
    assert first["reasons"]
    assert first["sources"]
    assert float(first["monthly_cost_usd"]) <= 400


def test_an_answer_stays_far_below_what_clients_refuse() -> None:
    result = asked("recommend_models", {"requirements": {**WANTED, "ask_about": ["gpt-4o", "claude-sonnet-4-5"]}})
    assert len(result.content[0].text) < 40_000  # about 10k tokens; a client refuses 25k


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("recommend_models", {"requirements": {"min_contxt": 5}}, "min_context_tokens"),
        ("recommend_models", {"requirements": {"min_context_tokens": -1}}, "min_context_tokens"),
        ("recommend_models", {"requirements": {"board": "chess"}}, "coding"),
        ("recommend_models", {"requirements": {"own_hardware": True, "open_weights": False}}, "exclude each other"),
        ("compare_models", {"models": ["gpt-4o-min"]}, "openai/gpt-4o-mini"),
        ("compare_models", {"models": []}, "1 to 8"),
        ("advise_approach", {"task": {"requests_per_month": "many"}}, "requests_per_month"),
        ("advise_approach", {}, "is needed"),
        ("advise_approach", {"task": {"colour": "red"}}, "is no field of a task"),
        ("advise_approach", {"task": {}, "dataset": ["pans"]}, "the name of a data set"),
        ("recommend_models", {"requirements": "open weights"}, "wanted an object"),
        ("recommend_models", {"requirements": {"maker_countries_deny": ["China"]}}, "ISO 3166"),
        ("recommend_models", {"requirements": {"providers_allow": ["bedrock"]}}, "amazon-bedrock"),
        ("recommend_models", {"requirements": {"licenses_allow": ["apache"]}}, "apache-2.0"),
        ("compare_models", {"models": "gpt-4o"}, "wanted a list of names"),
    ],
)
def test_a_refusal_tells_the_model_what_to_change(tool: str, arguments: dict[str, Any], said: str) -> None:
    result = asked(tool, arguments)
    assert result.is_error
    assert said in result.content[0].text


@pytest.mark.parametrize("page", ["0", "-1", "²", "1e9", "9" * 5000, "x"])
def test_a_page_that_is_none_is_refused_with_the_range(page: str) -> None:
    async def go() -> str:
        async with Client(build_server()) as client:
            try:
                await client.read_resource(f"assay://models/{page}")
            except MCPError as error:
                return str(error)
        return "no refusal"

    assert "pages run from 1 to" in anyio.run(go)


def test_comparison_prices_the_workload_and_names_the_alias() -> None:
    rows = asked("compare_models", {"models": ["claude-sonnet-4-5"], "workload": WORKLOAD}).structured_content["rows"]
    assert rows[0]["model"] == "anthropic/claude-sonnet-4-5"
    assert "claude-sonnet-4-5-20250929" in rows[0]["note"]
    # 300,000 x (2,000 x $3 + 300 x $15) / 1e6
    assert rows[0]["monthly_cost_usd"] == f"{300_000 * (2000 * 3 + 300 * 15) / 1e6:.2f}"


EXAMPLES = {**WORKLOAD, "input_usd_per_mtok": 1, "output_usd_per_mtok": 4, "labelled_examples": 50}


def test_advice_without_a_measurement_says_how_to_get_one() -> None:
    found = asked("advise_approach", {"task": EXAMPLES}).structured_content
    assert (found["recommended"], found["measured"]) == ("few-shot", [])
    assert "run_baseline" in found["measured_says"][0]


def test_advice_cites_the_runs_that_contradict_it() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    found = asked("advise_approach", {"task": EXAMPLES}).structured_content
    assert [row["run"] for row in found["measured"]] == ["ridge", "asked"]
    assert found["recommended"] == "few-shot"
    assert "contradicts" in found["because"]


def test_advice_follows_the_measurement_on_the_data_set_that_is_named() -> None:
    measure("ridge", 10)
    chat("asked", 20)
    found = asked("advise_approach", {"task": EXAMPLES, "dataset": "pans"}).structured_content
    (option,) = [option for option in found["options"] if option["name"] == "baseline"]
    assert found["recommended"] == "baseline"
    assert (option["fits"], option["because"]) == (True, "measured: run ridge")


def test_resources_page_through_every_model() -> None:
    async def go() -> list[str]:
        async with Client(build_server()) as client:
            first = json.loads((await client.read_resource("assay://models/1")).contents[0].text)  # type: ignore[union-attr]
            pages = [await client.read_resource(f"assay://models/{n}") for n in range(1, first["pages"] + 1)]
            return [name for page in pages for name in json.loads(page.contents[0].text)["models"]]  # type: ignore[union-attr]

    assert anyio.run(go) == [model.id for model in snapshot.load().models]


def test_the_licence_resource_and_the_sources_name_terms_and_attribution() -> None:
    async def go() -> tuple[Any, Any]:
        async with Client(build_server()) as client:
            texts = [(await client.read_resource(f"assay://{name}")).contents[0] for name in ("licenses", "sources")]
            return json.loads(texts[0].text), json.loads(texts[1].text)  # type: ignore[union-attr]

    licenses, sources = anyio.run(go)
    assert {row["tag"] for row in licenses} >= {"apache-2.0", "llama3.1", "gemma"}
    assert sources["sources"]["arena"][2] == "CC-BY-4.0"


def test_the_prompt_interviews_and_carries_the_task() -> None:
    async def go() -> Any:
        async with Client(build_server()) as client:
            return await client.get_prompt("choose_a_model", {"task": "sort e-mails"})

    text = anyio.run(go).messages[0].content.text
    assert "sort e-mails" in text
    assert "recommend_models" in text


def test_a_real_process_over_stdio_gives_the_identical_shortlist(tmp_path: Path) -> None:
    command = Path(sys.executable).parent / "assay"
    if not command.exists():
        pytest.skip("the assay command is not installed in this environment")
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path)}

    async def go() -> Any:
        parameters = StdioServerParameters(command=str(command), args=["serve"], env=environment, cwd=ROOT)
        async with Client(stdio_client(parameters)) as client:
            return await client.call_tool("recommend_models", {"requirements": WANTED})

    over_stdio = anyio.run(go).structured_content
    assert over_stdio == asked("recommend_models", {"requirements": WANTED}).structured_content
