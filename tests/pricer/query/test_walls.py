"""The walls behind the first: DuckDB's own locks, the operating system's, and the parent that kills."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pricer.errors import BadInput, PricerError
from pricer.query import child, run
from pricer.query.errors import QueryFailed, QueryTooBig, QueryTooSlow
from pricer.query.relations import BY_NAME
from pricer.query.run import query
from tests.pricer.query.toys import SECRET, Hostile, bombs, hostile, plant

LIMIT_S = 1.0
SLACK_S = 1.0  # how much longer than its limit a statement may take at the very most
ROOT = Path(__file__).resolve().parents[3]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    plant(folder)
    return folder


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every child that is started, as it is started."""
    started: list[Any] = []

    class Seen(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.environment = options["env"]
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Seen)
    return started


def said(sql: str, home: Path, timeout_s: float = 20.0) -> str:
    """All that comes back of a statement, as text."""
    try:
        return str(query(sql, home=home, timeout_s=timeout_s))
    except PricerError as error:
        return f"{type(error).__name__} {error}"


# --- through the door that everybody uses


def test_hostile_statements_of_every_kind_are_refused_by_the_real_child_and_show_no_secret(
    home: Path, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("ASSAY_SECRET", SECRET)
    kinds = itertools.groupby(hostile(secrets), key=lambda each: each.kind)
    sample = [each for _, group in kinds for each in itertools.islice(group, 0, None, 9)]
    with ThreadPoolExecutor(2) as pool:
        for each, answer in zip(sample, pool.map(lambda one: said(one.sql, home), sample), strict=True):
            assert answer.startswith("BadInput"), each.sql
            assert SECRET not in answer, each.sql


def test_the_child_is_started_without_keys_paths_or_proxies(
    home: Path, children: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "PYTHONPATH", "HOME"):
        monkeypatch.setenv(name, SECRET)
    query("SELECT 1", home=home)
    assert set(children[0].environment) <= {"MALLOC_ARENA_MAX", "TZ", *run.INHERITED}
    assert SECRET not in str(children[0].environment)


# --- DuckDB's locks, had the tree let something through


@pytest.fixture(scope="module")
def locked(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The child's connection as the statement finds it, every relation made, without the check of the tree."""
    recipes = run._relations(" ".join(BY_NAME), home)
    before = Path.cwd()
    os.chdir(home / "datasets")
    with child._connect() as connection:
        child._set_up(connection, recipes, set(recipes))
        yield connection
    os.chdir(before)


def test_duckdb_itself_reads_no_other_file_and_no_network(locked: duckdb.DuckDBPyConnection, secrets: Path) -> None:
    kinds = ("reads a file through a function", "reads a file by its name", "reaches the network", "WITH")
    tried = [each.sql for each in hostile(secrets) if each.kind in kinds]
    for sql in tried:
        try:
            answer = str(locked.execute(sql).fetchmany(5))
        except (duckdb.Error, RuntimeError) as error:
            answer = str(error)
        assert SECRET not in answer, sql
    assert not list(secrets.glob("out*"))
    assert locked.execute("SELECT count(*) FROM products").fetchall() == [(6,)]


@pytest.mark.parametrize("sql", [
    "SET memory_limit = '100GB'", "SET enable_external_access = true", "SET allowed_paths = ['/etc/passwd']", "RESET threads",
    "LOAD httpfs", "INSTALL httpfs", "ATTACH '/etc/passwd' AS a", "COPY models TO 'out.csv'", "SET python_enable_replacements = true",
    "FROM secret_variable", "IMPORT DATABASE '/tmp'", "CREATE PERSISTENT SECRET s (TYPE s3)",
])  # fmt: skip
def test_duckdb_itself_refuses_to_be_set_otherwise(sql: str, locked: duckdb.DuckDBPyConnection) -> None:
    secret_variable = [SECRET]
    with pytest.raises(duckdb.Error):
        locked.execute(sql)
    assert secret_variable


# --- the operating system's, had DuckDB let something through


CONFINED = """
import os, socket, sys
import duckdb
from pricer.query.sandbox import confine
allowed, secret = sys.argv[1:]
confine(20, [allowed])
def tried(call):
    try:
        return f"got {call()}"
    except Exception as error:
        return type(error).__name__
connection = duckdb.connect(config={"threads": 1})
print(tried(lambda: open(allowed).read()))
print(tried(lambda: open(secret).read()))
print(tried(lambda: os.listdir("/")))
print(tried(lambda: open(secret + ".new", "w")))
print(tried(lambda: socket.create_connection(("127.0.0.1", 9))))
print(tried(lambda: connection.execute("SELECT content FROM read_text(?)", [secret]).fetchall()))
print(tried(lambda: connection.execute(f"COPY (SELECT 1) TO '{secret}.new'")))
print(tried(lambda: os.execv("/bin/sh", ["sh"])))
print(tried(lambda: bytearray(3 * 2**30)))
"""


def confined(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)


@LINUX
def test_the_system_gives_the_child_its_files_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "allowed").write_text("fine")
    (tmp_path / "secret").write_text(SECRET)
    done = confined(CONFINED, str(tmp_path / "allowed"), str(tmp_path / "secret"))
    first, *rest = done.stdout.splitlines()
    assert first == "got fine"
    refused = ["PermissionError"] * 4 + ["IOException", "IOException", "PermissionError", "MemoryError"]
    assert rest == refused, done.stderr


WALLS_DOWN = """
import sys
import pricer.query.child as child
child.used_relations = lambda *_: set()
child._set_up = lambda *_: None
child.main()
"""


@LINUX
def test_the_real_child_reads_no_secret_even_with_its_own_walls_taken_down(home: Path, secrets: Path) -> None:
    for path in ("secret.txt", "secret.csv"):
        sql = f"SELECT * FROM read_text('{secrets / path}')"
        request = {"sql": sql, "limit": 5, "seconds": 20, "relations": run._relations("models", home)}
        command = [sys.executable, "-c", WALLS_DOWN]
        done = subprocess.run(
            command,
            cwd=ROOT,
            input=json.dumps(request),
            text=True,
            capture_output=True,
            check=True,
            env=run._environment(),
        )
        assert "cannot be read" in json.loads(done.stdout)["failed"]
        assert SECRET not in done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no alarm")
def test_a_child_whose_parent_is_gone_ends_itself() -> None:
    code = "from pricer.query.sandbox import confine\nimport time\nconfine(0.01, [])\ntime.sleep(60)"
    assert confined(code).returncode == -signal.SIGALRM


# --- bombs


@pytest.mark.parametrize("kind", sorted({each.kind for each in bombs()}))
def test_a_bomb_is_over_a_second_after_its_limit_and_leaves_nothing_running(
    kind: str, home: Path, children: list[subprocess.Popen[bytes]]
) -> None:
    query("SELECT 1 FROM models", home=home)  # the catalogue's rows are made once, and not at the bomb's cost

    def timed(bomb: Hostile) -> tuple[Hostile, float, str]:
        start = time.monotonic()
        answer = said(bomb.sql, home, LIMIT_S)
        return bomb, time.monotonic() - start, answer

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(timed, [each for each in bombs() if each.kind == kind]))
    for bomb, seconds, answer in ended:
        assert seconds < LIMIT_S + SLACK_S, bomb.sql
        assert answer.split()[0] in ("QueryTooSlow", "QueryTooBig", "BadInput") or answer.startswith("Result("), answer
        assert len(answer) < 100_000
    assert all(process.returncode is not None for process in children)
    assert query("SELECT 42", home=home).rows == ((42,),)


def test_no_time_left_is_said_with_the_limit_and_the_way_out(home: Path) -> None:
    with pytest.raises(QueryTooSlow, match=r"limit of 0\.5 s.*aggregate.*60 s"):
        query("SELECT count(*) FROM range(10000000000) a, range(10000000000) b", home=home, timeout_s=0.5)


def test_no_memory_left_is_said_with_the_limit_and_the_way_out(home: Path) -> None:
    with pytest.raises(QueryTooBig, match=r"1024 MB.*aggregate or filter"):
        query("SELECT length(repeat('x', 2000000000))", home=home)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-6, QueryTooBig),  # SIGABRT: an allocation failed where nobody expected it
        (-9, QueryTooBig),  # SIGKILL: the kernel's, since ours is told apart by the clock
        (-14, QueryTooSlow),  # SIGALRM
        (1, QueryFailed),
    ],
)
def test_a_child_that_dies_without_a_word_is_explained_by_its_exit(code: int, kind: type[PricerError]) -> None:
    assert isinstance(run._died(code, 1.0), kind)


def test_when_all_places_are_taken_a_statement_waits_no_longer_than_its_limit(
    home: Path, children: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr(run, "AT_ONCE", threading.BoundedSemaphore(1))
    with run._place(1.0), pytest.raises(QueryTooSlow):
        query("SELECT 1", home=home, timeout_s=0.1)
    assert children == []
    assert query("SELECT 1", home=home).rows == ((1,),)


def test_a_refusal_names_no_folder_of_this_machine(home: Path, secrets: Path) -> None:
    for sql in (
        "SELECT * FROM models WHERE nothing = 1",
        "SELECT 'a'::INTEGER",
        "SELECT * FROM 'x.csv'",
        "SELECT filename FROM products",
    ):
        with pytest.raises(BadInput) as refused:
            query(sql, home=home)
        assert str(home) not in str(refused.value)
        assert str(ROOT) not in str(refused.value)
