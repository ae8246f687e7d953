"""Cold starts, side by side: `python bench/cold_start.py [RUNS]`.

`assay --help` against a bare typer program, and initialize + tools/list of `assay serve` against a bare MCP server with one
tool, each pair in turn (A B A B …) in one run; then the wall time of an offline `assay ask`. Ratios of medians count; single
times are of this machine.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BIN = Path(sys.executable).parent
QUESTION = "open weights, commercial use, 128k context, tool calling, 10k requests a day of 2,000 tokens in and 300 out, under $400 a month"
BARE_TYPER = '''
import typer
app = typer.Typer()
@app.command()
def ask(question: str, as_json: bool = False) -> None:
    """Answer."""
@app.command()
def serve() -> None:
    """Serve."""
app()
'''
BARE_SERVER = '''
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
def add(a: int, b: int) -> int:
    """Add."""
    return a + b
server.run()
'''


def wall(command: list[str]) -> float:
    """Seconds from start to exit."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def handshake(command: list[str]) -> float:
    """Seconds from starting the process to its list of tools, through the official client."""
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    async def go() -> float:
        start = time.perf_counter()
        parameters = StdioServerParameters(command=command[0], args=command[1:])
        async with Client(stdio_client(parameters)) as client:
            await client.list_tools()
            return time.perf_counter() - start

    return asyncio.run(go())


def pair(name: str, measure: Callable[[list[str]], float], ours: list[str], bare: list[str], runs: int) -> None:
    """Print both medians and their ratio, after one warm-up of each."""
    measure(ours), measure(bare)
    times = [(measure(ours), measure(bare)) for _ in range(runs)]
    mine, other = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{name:34} {mine:6.3f} s against {other:6.3f} s   ratio {mine / other:.2f}   ({runs} pairs)")


def main(runs: int) -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder:
        bare_typer, bare_server = Path(folder) / "bare_typer.py", Path(folder) / "bare_server.py"
        bare_typer.write_text(BARE_TYPER)
        bare_server.write_text(BARE_SERVER)
        pair(
            "assay --help / bare typer",
            wall,
            [str(BIN / "assay"), "--help"],
            [sys.executable, str(bare_typer), "--help"],
            runs,
        )
        pair(
            "initialize + tools/list / bare",
            handshake,
            [str(BIN / "assay"), "serve"],
            [sys.executable, str(bare_server)],
            runs,
        )
    asks = [wall([str(BIN / "assay"), "ask", QUESTION]) for _ in range(runs + 1)][1:]
    print(f"{'assay ask, offline':34} {statistics.median(asks):6.3f} s (max {max(asks):.3f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
