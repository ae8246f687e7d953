"""The engine that spreads shards over workers: Daft on this machine, or on a Ray cluster with the same code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pricer.errors import BadInput, MissingExtra, PricerError

ENGINES = ("local", "ray")
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Engine:
    """Where the work runs. `address` is a Ray cluster's; `workers` is how many processes, by default one for each core."""

    kind: str = "local"
    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in ENGINES:
            raise BadInput(f"engine: wanted one of {', '.join(ENGINES)}, found {self.kind!r}")
        if self.address and self.kind != "ray":
            raise BadInput(f"--address {self.address!r} names a cluster: add --engine ray")
        if self.workers is not None and self.workers < 1:
            raise BadInput(f"workers: wanted at least 1, found {self.workers}")


class Task(Protocol):
    """What a worker does with a job: it writes its own result, all or nothing, and may be asked twice."""

    def __call__(self, job: dict[str, Any]) -> int:
        """How many records the job had."""


def quiet_daft() -> Any:
    """Daft, without its usage reports and its own progress bars."""
    os.environ.update(DO_NOT_TRACK="true", DAFT_ANALYTICS_ENABLED="0", DAFT_PROGRESS_BAR="0")
    try:
        import daft
    except ImportError:
        raise MissingExtra("Daft", "full") from None
    return daft


def run(
    jobs: Sequence[dict[str, Any]], task: Task, engine: Engine, is_done: Callable[[dict[str, Any]], bool]
) -> Iterator[int]:
    """Run `task` on every job that is not done yet; yields the records of each as it finishes, in any order.

    A cluster may lose a node in the middle: what it had not finished is run again, at most three rounds without any progress.
    """
    left, stuck = [job for job in jobs if not is_done(job)], 0
    while left:
        failure: Exception | None = None
        try:
            yield from _round(left, task, engine)
        except (
            RuntimeError,
            OSError,
        ) as error:  # what Daft raises for a worker that died or broke, here or on a lost node
            failure = error
        before, left = len(left), [job for job in left if not is_done(job)]
        stuck = 0 if len(left) < before else stuck + 1
        if stuck >= ROUNDS or (failure and engine.kind == "local"):
            why = _last_line(failure) if failure else "no worker finished any"
            raise PricerError(f"the {engine.kind} engine failed with {len(left)} shards left: {why}") from failure


def _round(jobs: Sequence[dict[str, Any]], task: Task, engine: Engine) -> Iterator[int]:
    daft = quiet_daft()
    cores = _connect(daft, engine.address) if engine.kind == "ray" else os.cpu_count() or 1
    workers = min(engine.workers or cores, len(jobs))
    placing: dict[str, Any] = {"max_concurrency": workers}
    if engine.kind == "local":
        placing = placing | {"use_process": True} if workers > 1 else {"use_process": False}

    @daft.cls(**placing)
    class Worker:
        @daft.method.batch(return_dtype=daft.DataType.string(), batch_size=1)  # type: ignore[untyped-decorator]
        def work(self, told: Any) -> list[str]:
            return [_outcome(task, json.loads(job)) for job in told.to_pylist()]

    frame = daft.from_pydict({"job": [json.dumps(job) for job in jobs]})
    if engine.kind == "ray":
        frame = frame.into_partitions(len(jobs))
    for row in frame.select(Worker().work(daft.col("job")).alias("outcome")).iter_rows():
        outcome = json.loads(row["outcome"])
        if "refused" in outcome:
            raise BadInput(outcome["refused"]) if outcome["is_input"] else PricerError(outcome["refused"])
        yield outcome["records"]


def _outcome(task: Task, job: dict[str, Any]) -> str:
    """What became of a job, as data: an exception loses its type on the way between processes."""
    try:
        return json.dumps({"records": task(job)})
    except PricerError as error:
        return json.dumps({"refused": str(error), "is_input": isinstance(error, BadInput)})


def _last_line(failure: Exception) -> str:
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    return lines[-1] if lines else type(failure).__name__


def _connect(daft: Any, address: str | None) -> int:
    """Join the cluster; how many cores it has."""
    try:
        import ray
    except ImportError:
        raise MissingExtra("Ray", "cluster") from None
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise BadInput(f"--address {address!r}: no Ray cluster answers there: {error}") from None
    if daft.get_or_infer_runner_type() != "ray":
        daft.set_runner_ray(address=address)
    return int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
