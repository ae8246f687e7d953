"""Load on `assay serve --http`: many sessions at once, each with its own token, call compare_models as fast as they are answered.

    python bench/http_load.py [--sessions 50] [--seconds 60] [--pause-ms 0] [--questions 100] [--modern]

It starts the server in a process of its own and speaks the protocol to it in plain HTTP, so that one core can drive what the other serves.
`--questions` says how many different calls there are: the server keeps answers, so with few of them it is faster. With `--modern` there are
no sessions but single requests of protocol 2026-07-28. It prints errors, latencies, requests a second, and the server's memory and CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from catalog import snapshot
from server.http.tokens import add_token

LEGACY, MODERN = "2025-11-25", "2026-07-28"
SERVE = """
import sys
from pathlib import Path
from server.http.serving import log_to_stderr, service_of
from server.http.settings import Limits, Settings
service = service_of(Settings(port=0, tokens=Path(sys.argv[1]), limits=Limits(requests_per_minute=100_000)))
print(service.url, flush=True)
log_to_stderr()
service.serve_until_stopped()
"""


@dataclass
class Seen:
    """What the sessions saw: milliseconds of each answered call, and the faults by their words."""

    latencies_ms: list[float] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    def fault(self, what: str) -> None:
        self.faults[what] = self.faults.get(what, 0) + 1


def main() -> None:
    """Run the load and print what came of it. Exit code 1 when a call failed."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASSAY_HOME"] = folder
        tokens = [add_token(Path(folder) / "tokens.toml", f"session-{n}") for n in range(options.sessions)]
        with (Path(folder) / "log.txt").open("wb") as log:
            server = subprocess.Popen(
                [sys.executable, "-c", SERVE, f"{folder}/tokens.toml"], stdout=subprocess.PIPE, stderr=log
            )
            try:
                assert server.stdout is not None
                url = server.stdout.readline().decode().strip()
                told = asyncio.run(_loaded(url, tokens, server.pid, options))
            finally:
                server.terminate()
                code = server.wait(timeout=90)
        told["server_exit_code"] = code
        told["server_log_lines"] = sum(1 for _ in (Path(folder) / "log.txt").open())
    print(json.dumps(told, indent=1))
    sys.exit(bool(told["errors"]))


async def _loaded(url: str, tokens: list[str], pid: int, options: argparse.Namespace) -> dict[str, Any]:
    seen, asked = Seen(), _questions(options.questions)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        sessions = [_Session(http, url, token, options.modern) for token in tokens]
        await asyncio.gather(*(one.open() for one in sessions))
        memory_mib, began_s = [_rss_mib(pid)], time.perf_counter()
        end_s, cpu_s, own_s = began_s + options.seconds, _cpu_s(pid), _own_cpu_s()
        work = [
            asyncio.create_task(_call(one, asked, seen, end_s, options.pause_ms / 1000, n))
            for n, one in enumerate(sessions)
        ]
        for _ in range(6):
            await asyncio.sleep(options.seconds / 6)
            memory_mib.append(_rss_mib(pid))
        await asyncio.gather(*work)
        elapsed_s = time.perf_counter() - began_s
        cpu_s, own_s = _cpu_s(pid) - cpu_s, _own_cpu_s() - own_s
        async with http.get(url.replace("/mcp", "/health")) as reply:
            health = await reply.json()
        await asyncio.gather(*(one.close() for one in sessions))
    n, ordered = len(seen.latencies_ms), sorted(seen.latencies_ms) or [float("nan")]
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "most": 1.0}
    return {
        "protocol": MODERN if options.modern else LEGACY, "sessions": options.sessions, "seconds": round(elapsed_s, 1),
        "different_questions": options.questions, "pause_ms": options.pause_ms, "calls": n, "errors": sum(seen.faults.values()),
        "faults": seen.faults, "per_s": round(n / elapsed_s, 1),
        "ms": {name: round(ordered[min(len(ordered) - 1, int(n * share))], 1) for name, share in shares.items()},
        "rss_mib": [round(one, 1) for one in memory_mib], "sessions_open": health["sessions"],
        "server_cpu_ms_per_call": round(1000 * cpu_s / max(n, 1), 2), "client_cpu_ms_per_call": round(1000 * own_s / max(n, 1), 2),
        "load_average": round(os.getloadavg()[0], 1),
    }  # fmt: skip


async def _call(
    session: _Session, asked: list[dict[str, Any]], seen: Seen, end_s: float, pause_s: float, n: int
) -> None:
    chance = random.Random(n)
    await asyncio.sleep(chance.random() * pause_s)
    while time.perf_counter() < end_s:
        began_s = time.perf_counter()
        try:
            answer = await session.call("tools/call", {"name": "compare_models", "arguments": chance.choice(asked)})
            if "result" not in answer or answer["result"].get("isError"):
                seen.fault(str(answer)[:200])
            else:
                seen.latencies_ms.append(1000 * (time.perf_counter() - began_s))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            seen.fault(f"{type(error).__name__}: {error}"[:200])
        await asyncio.sleep(pause_s)


class _Session:
    """One client: the handshake, calls, the goodbye."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str, modern: bool) -> None:
        self._http, self._url, self._modern, self._id = http, url, modern, 0
        self._headers = {"authorization": f"Bearer {token}", "accept": "application/json, text/event-stream"}
        self._headers["mcp-protocol-version"] = MODERN if modern else LEGACY

    async def open(self) -> None:
        if self._modern:
            return
        told = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "load", "version": "1"}}
        await self.call("initialize", told)
        await self._posted({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def close(self) -> None:
        if not self._modern:
            async with self._http.delete(self._url, headers=self._headers) as reply:
                await reply.read()

    async def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._id += 1
        if self._modern:
            prefix = "io.modelcontextprotocol/"
            params = params | {"_meta": {f"{prefix}protocolVersion": MODERN, f"{prefix}clientCapabilities": {}}}
            self._headers |= {"mcp-method": method, "mcp-name": params.get("name", "")}
        return await self._posted({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})

    async def _posted(self, message: dict[str, Any]) -> dict[str, Any]:
        async with self._http.post(self._url, json=message, headers=self._headers) as reply:
            text = await reply.text()
            if reply.status not in (200, 202):
                raise ValueError(f"{reply.status} {text[:150]}")
            if session := reply.headers.get("mcp-session-id"):
                self._headers["mcp-session-id"] = session
            if not text:
                return {}
            data = (
                text
                if text.startswith("{")
                else next(line[6:] for line in text.splitlines() if line.startswith("data: "))
            )
            told: dict[str, Any] = json.loads(data)
            return told


def _questions(n: int) -> list[dict[str, Any]]:
    """Different calls: one to three models of the catalogue and one of a few workloads each."""
    chance, models = random.Random(0), [model.id for model in snapshot.load().models]
    return [
        {
            "models": chance.sample(models, chance.randint(1, 3)),
            "workload": {
                "requests_per_month": 1000 * chance.randint(1, 500),
                "input_tokens": 2000,
                "output_tokens": 300,
            },
        }
        for _ in range(n)
    ]


def _rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024**2


def _cpu_s(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause-ms", type=float, default=0)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--modern", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
