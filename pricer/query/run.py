"""One SELECT over data sets, runs and the catalogue: `query` starts a child for it, waits, and kills it at the limit."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.snapshot import home as home_folder
from pricer.errors import BadInput
from pricer.query.catalogue import NAMES as CATALOGUE
from pricer.query.catalogue import catalogue_rows
from pricer.query.datasets import data_set_rows, data_sets, dropped_select, products_select
from pricer.query.errors import QueryFailed, QueryTooBig, QueryTooSlow
from pricer.query.evaluations import all_runs, answer_rows, run_rows
from pricer.query.relations import RELATIONS, Relation, create_table, create_view, schema_rows
from pricer.query.sandbox import MEMORY_MB

MOST_ROWS = 10_000
MOST_SECONDS = 60.0
MOST_REPLY = 4_000_000  # bytes; the child keeps to far less, so more would not be its reply
AT_ONCE = threading.BoundedSemaphore(2)  # children, so that a server's memory is bounded too
COMMAND = (sys.executable, "-I", "-m", "pricer.query.child")
# Windows cannot start without its own; the library paths are what an interpreter built elsewhere needs to start at all.
INHERITED = ("SYSTEMROOT", "WINDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result: its name and DuckDB type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement gives, as plain data that JSON holds: dates and decimals are text, NaN is None.

    `truncated` when there were more rows than `limit` or than a page holds; `cells_cut` counts cells that were shortened.
    """

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    cells_cut: int
    elapsed_s: float


def query(sql: str, *, limit: int = 200, timeout_s: float = 10.0, home: Path | None = None) -> Result:
    """At most `limit` rows of one SELECT. `timeout_s` includes the child's start, about 0.2 s, and waiting for a place.

    `BadInput` says what to change in the statement; `QueryTooSlow` and `QueryTooBig` name the limit that ended it.
    """
    _check(sql, limit, timeout_s)
    folder = home or home_folder()
    sets = folder / "datasets"
    request = {"sql": sql, "limit": limit, "seconds": timeout_s, "relations": _relations(sql, folder)}
    start = time.monotonic()
    with _place(timeout_s):
        left = timeout_s - (time.monotonic() - start)
        reply = _ask(request, sets if sets.is_dir() else None, left, timeout_s)
    columns = tuple(ResultColumn(name, kind) for name, kind in reply["columns"])
    rows = tuple(tuple(row) for row in reply["rows"])
    return Result(columns, rows, reply["truncated"], reply["cells_cut"], round(time.monotonic() - start, 3))


def _check(sql: Any, limit: Any, timeout_s: Any) -> None:
    if not isinstance(sql, str) or not sql.strip():
        raise BadInput(f"sql: wanted one SELECT statement, found {sql!r:.60}")
    try:
        sql.encode()
    except UnicodeEncodeError:
        raise BadInput("sql: it holds half a character (a lone surrogate); write it as text") from None
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_ROWS:
        raise BadInput(f"limit: wanted a whole number of rows from 1 to {MOST_ROWS:,}, found {limit!r:.60}")
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0 < timeout_s <= MOST_SECONDS:
        raise BadInput(f"timeout_s: wanted seconds, more than 0 and at most {MOST_SECONDS:g}, found {timeout_s!r:.60}")


# --- what the child may make


def _relations(sql: str, home: Path) -> dict[str, dict[str, Any]]:
    """How to make every relation: its statement, its rows as JSON or the files it reads, and the relations it needs.

    The catalogue's rows take half a second the first time, so they are made when `sql` has one of their names anywhere in it.
    """
    sets = data_sets(home / "datasets")
    rows: dict[str, Path | str] = {
        **(catalogue_rows(home) if any(name in sql.lower() for name in CATALOGUE) else {}),
        "datasets": json.dumps(data_set_rows(sets)),
        "schema_columns": json.dumps(schema_rows()),
        **dict.fromkeys(("products", "dropped"), "[]"),
        **_evaluations(sql.lower(), home / "runs"),
    }
    selects = {"products": products_select(sets), "dropped": dropped_select(sets)}
    files = {
        "products": [file for each in sets for file in each.items],
        "dropped": [file for each in sets for file in each.dropped],
    }
    return {
        relation.name: _recipe(
            relation, selects.get(relation.name), rows.get(relation.name), files.get(relation.name, [])
        )
        for relation in RELATIONS
    }


def _evaluations(lowered: str, folder: Path) -> dict[str, str]:
    """The rows of the runs, and of their answers, which may be many: read only when the statement names them."""
    wanted = [name for name in ("runs", "answers") if name in lowered]
    found = all_runs(folder) if wanted else []
    return {
        "runs": json.dumps(run_rows(found) if "runs" in wanted else []),
        "answers": json.dumps(answer_rows(found) if "answers" in wanted else []),
    }


def _recipe(relation: Relation, select: str | None, rows: Path | str | None, files: list[str]) -> dict[str, Any]:
    reads = select or relation.select
    return {
        "columns": [(column.name, column.type) for column in relation.columns],
        "create": create_view(relation, reads) if reads else create_table(relation),
        "view": reads is not None,
        "rows": rows if isinstance(rows, str) else None,
        "rows_file": str(rows.resolve()) if isinstance(rows, Path) else None,
        "files": files, "needs": relation.needs,
    }  # fmt: skip


# --- the child


@contextlib.contextmanager
def _place(timeout_s: float) -> Iterator[None]:
    if not AT_ONCE.acquire(timeout=timeout_s):
        raise QueryTooSlow(timeout_s)
    try:
        yield
    finally:
        AT_ONCE.release()


def _ask(request: dict[str, Any], folder: Path | None, left_s: float, timeout_s: float) -> dict[str, Any]:
    """The child's reply. It never outlives `left_s`: it and whatever it started are killed then."""
    with tempfile.TemporaryFile() as asked:  # a pipe would block when the child does not read
        asked.write(json.dumps(request).encode())
        asked.seek(0)
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            COMMAND, stdin=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(),
            cwd=folder, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            raw = _read(process, left_s)
        finally:
            _kill(process)
            process.stdout.close()
    if raw is None:
        raise QueryTooSlow(timeout_s)
    return _understood(raw, process.returncode, timeout_s)


def _environment() -> dict[str, str]:
    """No key, no path, no proxy. One memory arena, or 9 threads map 64 MB each and the limit on memory has to be that much wider."""
    return {"MALLOC_ARENA_MAX": "1", "TZ": "UTC"} | {name: os.environ[name] for name in INHERITED if name in os.environ}


def _read(process: subprocess.Popen[bytes], left_s: float) -> bytes | None:
    """All that the child writes until it ends; None when it has not ended in time."""
    found: list[bytes] = []
    stdout = process.stdout
    assert stdout is not None
    reader = threading.Thread(target=lambda: found.append(stdout.read(MOST_REPLY)), daemon=True)
    reader.start()
    reader.join(max(left_s, 0))
    if reader.is_alive():
        _kill(process)
        reader.join()
        return None
    return found[0]


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the child and its process group, if it has not ended itself."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _understood(raw: bytes, code: int, timeout_s: float) -> dict[str, Any]:
    try:
        reply: dict[str, Any] = json.loads(raw)
    except ValueError:
        raise _died(code, timeout_s) from None
    if "refused" in reply:
        raise BadInput(reply["refused"])
    if "memory" in reply:
        raise QueryTooBig(reply["memory"])
    if "failed" in reply:
        raise QueryFailed(reply["failed"])
    return reply


def _died(code: int, timeout_s: float) -> Exception:
    """What ended a child that did not reply. A signal other than the clocks' means memory: the allocator aborts, the kernel kills."""
    if code >= 0:
        return QueryFailed(f"the process that runs statements did not start (exit code {code}): reinstall llm-assay")
    if sys.platform != "win32" and -code in (signal.SIGXCPU, signal.SIGALRM):
        return QueryTooSlow(timeout_s)
    return QueryTooBig(MEMORY_MB)
