"""Load the same source on this machine and on a two-node Ray cluster that loses a node in the middle; the bytes must be equal.

    python bench/two_nodes.py [RECORDS]

Starts the cluster on this machine, kills the second node as soon as the first shard is done, and prints one JSON document:
shards done when the node died, shards in all, seconds on either engine, and whether every file of the data set is the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from pricer.products.dataset import Dataset, open_dataset
from pricer.products.sources.sample import lines

RECORDS_A_FILE = 500


def main(records: int) -> dict[str, object]:
    """The outcome, as printed."""
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        paths = [str(_file(root, place)) for place in range(max(4, records // RECORDS_A_FILE))]
        here_s = _load(root / "here", paths)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        doomed = cluster.add_node(num_cpus=1)
        killer = _Killer(root / "there", lambda: cluster.remove_node(doomed, allow_graceful=False))
        killer.start()
        there_s = _load(root / "there", [*paths, "--engine", "ray", "--address", cluster.address])
        killer.join()
        cluster.shutdown()
        here, there = (open_dataset("toys", root / name) for name in ("here", "there"))
        return {
            "shards": len(paths), "shards_done_when_a_node_died": killer.done, "identical": _bytes(here) == _bytes(there),
            "items": there.manifest["funnel"]["kept"], "local_s": round(here_s, 1), "ray_s": round(there_s, 1),
        }  # fmt: skip


def _load(home: Path, arguments: list[str]) -> float:
    """Seconds of `assay data load` as a process of its own: an engine is chosen once for a process."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "agent", "data", "load", "--name", "toys", *arguments],
        env={**os.environ, "ASSAY_HOME": str(home)}, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return time.perf_counter() - started


class _Killer(threading.Thread):
    """Waits for the first finished shard, then kills."""

    def __init__(self, root: Path, kill: object) -> None:
        super().__init__(daemon=True)
        self.root, self.kill, self.done = root, kill, 0

    def run(self) -> None:
        while not self.done:
            time.sleep(0.02)
            self.done = len(list(self.root.rglob("part-*[0-9].json")))
        self.kill()  # type: ignore[operator]


def _file(root: Path, place: int) -> Path:
    path = root / f"raw-{place:03}.jsonl"
    path.write_bytes(b"".join(lines(place * RECORDS_A_FILE, (place + 1) * RECORDS_A_FILE)))
    return path


def _bytes(dataset: Dataset) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(dataset.folder.iterdir())}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 6_000)))
