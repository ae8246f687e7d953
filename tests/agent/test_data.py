"""`assay data`: the newcomer's path through the real command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def assay(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    environment = {**os.environ, "ASSAY_HOME": str(home), "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "agent", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def document(home: Path, *arguments: str) -> Any:
    """Its JSON; nothing else may stand on stdout."""
    done = assay(home, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample in it."""
    folder = tmp_path_factory.mktemp("home")
    document(folder, "data", "load", "sample", "--size", "600")
    return folder


def test_the_sample_is_marked_synthetic_wherever_it_appears(home: Path, tmp_path: Path) -> None:
    assert "synthetic sample" in assay(home, "data", "list").stdout
    assert "SYNTHETIC SAMPLE" in assay(home, "data", "describe", "sample").stdout
    page = document(home, "data", "report", "sample", "--out", str(tmp_path))["page"]
    assert "synthetic sample" in Path(page).read_text(encoding="utf-8").lower()
    rows = document(home, "data", "query", "SELECT synthetic FROM datasets")["rows"]
    assert rows == [[True]]


def test_the_best_reachable_error_of_the_sample_is_printed(home: Path) -> None:
    told = document(home, "data", "describe", "sample")["best_reachable"]
    assert 0 < told["median_ae_usd"] < told["mae_usd"] < 100
    assert f"${told['mae_usd']:.2f}" in assay(home, "data", "describe", "sample").stdout


def test_the_funnel_adds_up_in_the_manifest_and_in_sql(home: Path) -> None:
    funnel = document(home, "data", "describe", "sample")["funnel"]
    assert funnel["raw"] == 600 == funnel["kept"] + sum(funnel["dropped"].values())
    kept = document(home, "data", "query", "SELECT count(*) FROM products")["rows"]
    reasons = document(home, "data", "query", "SELECT reason, count(*) FROM dropped GROUP BY 1")["rows"]
    assert kept == [[funnel["kept"]]]
    assert dict(map(tuple, reasons)) == funnel["dropped"]


def test_no_family_lies_in_two_splits(home: Path) -> None:
    sql = "SELECT family FROM products GROUP BY family HAVING count(DISTINCT split) > 1"
    assert document(home, "data", "query", sql)["rows"] == []


def test_loading_again_gives_the_same_fingerprint(home: Path, tmp_path: Path) -> None:
    document(tmp_path, "data", "load", "sample", "--size", "600", "--name", "other")
    first, again = (document(folder, "data", "list")["datasets"][0] for folder in (home, tmp_path))
    assert first["fingerprint"] == again["fingerprint"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["load", "sampel"], "sample"),
        (["load", "/no/such/file.jsonl"], "file.jsonl"),
        (["load", "sample", "--engine", "spark"], "local, ray"),
        (["load", "sample", "--address", "127.0.0.1:1"], "--engine ray"),
        (["load", "sample", "--name", "../x"], "--name"),
        (["load", "sample", "--tokenizer", "gpt-9"], "llama3"),
        (["load", "sample", "--rules", "/no/such/rules.toml"], "rules.toml"),
        (["describe", "nothing"], "assay data load"),
        (["report", "nothing"], "assay data load"),
        (["query", "DROP TABLE products"], "SELECT"),
    ],
)
def test_bad_input_ends_with_code_2_and_says_how_to_mend_it(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = assay(tmp_path, "data", *arguments)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
