"""A small data set in the home folder, calls to the server in memory, and waiting for a state."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from server import jobs
from server.app import build_server
from tests.pricer.products.shelf import item, shelved

TEST_ITEMS = 24
DEADLINE_S = 60.0


def make_dataset(home: Path, name: str = "pans", *, distinct: bool = False) -> None:
    """Items of which a quarter is for validation and `TEST_ITEMS` are for the test; the price follows from the size in the text."""
    splits = ("train", "train", "validation", "test")
    rows = [
        item(
            n,
            title=f"pan {n}",
            text=f"a pan of size {n % 9}" + (f", number {n}" if distinct else ""),
            target=10.0 + 5 * (n % 9),
            split=splits[n % 4],
        )
        for n in range(4 * TEST_ITEMS)
    ]
    made = shelved(home / "datasets" / name, rows)
    files = {path.name: path.stat().st_size for path in made.folder.glob("items-*.parquet")}
    (made.folder / "manifest.json").write_text(json.dumps(made.manifest | {"files": files}))


def called(tool: str, arguments: dict[str, Any], **client: Any) -> Any:
    """The result of one call to the server in memory, by a client with these abilities."""

    async def go() -> Any:
        async with Client(build_server(), **client) as one:
            return await one.call_tool(tool, arguments)

    return anyio.run(go)


def answer(tool: str, arguments: dict[str, Any], **client: Any) -> dict[str, Any]:
    """What a call that is not refused tells. On a busy machine a job may outlast the time that its call waits: then once it has ended."""
    result = called(tool, arguments, **client)
    assert not result.is_error, result.content[0].text
    told: dict[str, Any] = result.structured_content
    if tool.startswith("run_") and told["state"] == "running":
        ended(told["job_id"])
        return told | answer("get_job", {"job_id": told["job_id"]})
    return told


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    end_s = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.02)


def ended(job_id: str) -> jobs.Job:
    """The job once it no longer runs."""
    until(lambda: jobs.read(job_id).state != "running")
    return jobs.read(job_id)
