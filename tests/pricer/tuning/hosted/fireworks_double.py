"""Fireworks' datasets and supervised fine-tuning jobs, as its reference describes them."""

from __future__ import annotations

import json
from typing import Any

from tests.pricer.tuning.hosted.loopback import Answer, Asked, Job, Loopback

BASE = "/v1/accounts/acme/"


def refused(status: int, message: str) -> Answer:
    """An error in the gateway's form."""
    return Answer(status, {"code": 3, "message": message, "details": []})


class FireworksDouble(Loopback):
    """Fireworks. A dataset is ready after `checks` looks at it; `cost` is what a job is expected to cost, in dollars."""

    stages = (
        "JOB_STATE_CREATING",
        "JOB_STATE_PENDING",
        "JOB_STATE_RUNNING",
        "JOB_STATE_WRITING_RESULTS",
        "JOB_STATE_COMPLETED",
    )
    failed = "JOB_STATE_FAILED"

    def __init__(self) -> None:
        super().__init__()
        self.datasets: dict[str, int] = {}
        self.checks = 2
        self.cost: tuple[str, int] | None = ("1", 250_000_000)
        self.broken_dataset: str | None = None
        self.metrics_at: str | None = None  # another address of the losses

    def serve(self, asked: Asked) -> Any:  # noqa: PLR0911 - a table
        """The object for a call."""
        if asked.path == "/signed":
            assert "authorization" not in asked.headers
            return Answer(200, self._losses(self.jobs[asked.query["job"]]))
        assert asked.path.startswith(BASE)
        match asked.method, asked.path.removeprefix(BASE).split("/"):
            case "POST", ["datasets"]:
                return self._dataset(asked.body)
            case "POST", ["datasets", call] if call.endswith(":upload"):
                return self._upload(call.removesuffix(":upload"), asked)
            case "GET", ["datasets", id_] if id_ in self.datasets:
                return self._told_dataset(id_)
            case "POST", ["supervisedFineTuningJobs"]:
                return self._create(asked)
            case "GET", ["supervisedFineTuningJobs", id_] if id_ in self.jobs:
                return self._told(self.jobs[id_], self.jobs[id_].seen())
            case "POST", ["supervisedFineTuningJobs", call]:
                id_, _, verb = call.partition(":")
                self.jobs[id_].cancelled = verb == "cancel"
                self.jobs[id_].paused = False
                return self._told(self.jobs[id_], 0)
        return None

    def _dataset(self, body: dict[str, Any]) -> Any:
        if body["datasetId"] in self.datasets:
            return refused(409, "dataset already exists")
        self.datasets[body["datasetId"]] = 0
        return {"name": f"accounts/acme/datasets/{body['datasetId']}", "state": "UPLOADING"}

    def _upload(self, id_: str, asked: Asked) -> Any:
        assert asked.file is not None
        self.files[id_] = asked.file
        return {"id": id_, "object": "file", "bytes": len(asked.file[1]), "filename": asked.file[0]}

    def _told_dataset(self, id_: str) -> dict[str, Any]:
        self.datasets[id_] += id_ in self.files
        ready = self.datasets[id_] >= self.checks and self.broken_dataset is None
        status = (
            {"code": "INVALID_ARGUMENT", "message": self.broken_dataset}
            if self.broken_dataset
            else {"code": "OK", "message": ""}
        )
        return {"name": f"accounts/acme/datasets/{id_}", "state": "READY" if ready else "UPLOADING", "status": status}

    def _create(self, asked: Asked) -> Any:
        id_, body = asked.query["supervisedFineTuningJobId"], asked.body
        if id_ in self.jobs:
            return refused(409, "job already exists")
        if body["dataset"].removeprefix("accounts/acme/datasets/") not in self.files:
            return refused(400, f"dataset {body['dataset']} not found")
        return self._told(self.made(id_, body), 0)

    def _told(self, job: Job, stage: int) -> dict[str, Any]:
        state = "JOB_STATE_CANCELLED" if job.cancelled else "JOB_STATE_PAUSED" if job.paused else job.stages[stage]
        message = job.error if state == self.failed else "account suspended" if job.paused else ""
        told = job.body | {
            "name": f"accounts/acme/supervisedFineTuningJobs/{job.id}", "state": state, "status": {"code": "OK", "message": message},
            "createTime": "2026-11-21T10:00:00Z", "updateTime": "2026-11-21T10:10:00Z",
        }  # fmt: skip
        if stage >= 2:
            told["metricsFileSignedUrl"] = (
                self.metrics_at or f"{self.url}/signed?job={job.id}&signature=secret-of-the-address"
            )
        if self.cost:
            told["estimatedCost"] = {"currencyCode": "USD", "units": self.cost[0], "nanos": self.cost[1]}
        return told

    def _losses(self, job: Job) -> bytes:
        """Five steps for each look at which it ran or wrote; one line is not JSON."""
        ran = 5 * sum(stage in {"JOB_STATE_RUNNING", "JOB_STATE_WRITING_RESULTS"} for stage in job.stages[: job.looks])
        lines = ["half a li"]
        for step in range(1, ran + 1):
            losses = {"train/loss": 1 / step, "train/lr": 2e-4} | ({"eval/loss": 1.5 / step} if step % 5 == 0 else {})
            lines.append(json.dumps({"step": step} | losses if step % 2 else {"step": step, "data": losses}))
        return "\n".join(lines).encode()
