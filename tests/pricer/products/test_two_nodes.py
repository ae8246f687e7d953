"""A Ray cluster of two nodes that loses one in the middle of a load."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "bench" / "two_nodes.py"


@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'llm-assay[cluster]'"
)
def test_a_cluster_that_loses_a_node_gives_the_same_bytes_as_this_machine() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "4000"], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["identical"]
    assert 1 <= told["shards_done_when_a_node_died"] < told["shards"] == 8
    assert told["items"] > 3_000
