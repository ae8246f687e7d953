"""Together's files and fine-tunes, as its reference describes them."""

from __future__ import annotations

from typing import Any

from tests.pricer.tuning.hosted.loopback import CREATED, Asked, Job, Loopback, error

PRICED = {"model", "training_file", "validation_file", "n_epochs", "n_evals", "training_method", "training_type"}


class TogetherDouble(Loopback):
    """Together. `price` is what it expects for any job, None where it cannot tell; `metrics` says whether it lists losses."""

    stages = ("pending", "queued", "running", "uploading", "completed")
    failed = "error"

    def __init__(self) -> None:
        super().__init__()
        self.price: float | None = 1.25
        self.allowed = True
        self.metrics = True

    def serve(self, asked: Asked) -> Any:
        """The object for a call."""
        return self._serve_file(asked) if asked.path.startswith("/v1/files") else self._serve_job(asked)

    def _serve_file(self, asked: Asked) -> Any:
        match asked.method, asked.path.removeprefix("/v1/").split("/"):
            case "POST", ["files", "upload"]:
                return self._file(asked)
            case "GET", ["files"]:
                return {"data": [self._told_file(id_) for id_ in self.files]}
            case "GET", ["files", id_]:
                return self._told_file(id_) if id_ in self.files else error(404, f"File {id_} not found")
        return None

    def _serve_job(self, asked: Asked) -> Any:  # noqa: PLR0911 - a table
        match asked.method, asked.path.removeprefix("/v1/").split("/"):
            case "POST", ["fine-tunes", "estimate-price"]:
                return self._estimate(asked.body)
            case "POST", ["fine-tunes"]:
                if asked.body["training_file"] not in self.files:
                    return error(400, f"File {asked.body['training_file']} not found")
                return self._told(self.made(f"ft-{len(self.jobs)}", asked.body), 0)
            case "GET", ["fine-tunes"]:
                return {"data": [self._told(job, 0) for job in self.jobs.values()]}
            case "GET", ["fine-tunes", id_] if id_ in self.jobs:
                return self._told(self.jobs[id_], self.jobs[id_].seen())
            case "GET", ["fine-tunes", id_, "events"]:
                return {"data": self._events(self.jobs[id_])}
            case "GET", ["fine-tunes", id_, "metrics"]:
                return (
                    {"metrics": self._losses(self.jobs[id_], int(asked.query.get("global_step_from", 0)))}
                    if self.metrics
                    else None
                )
            case "GET", ["fine-tunes", id_, "checkpoints"]:
                return {
                    "data": [
                        {
                            "checkpoint_type": "Intermediate",
                            "created_at": "2026-11-21T00:00:00Z",
                            "path": "s3://x",
                            "step": 5,
                            "object_name": "acme/tuned-5",
                        }
                    ]
                }
            case "POST", ["fine-tunes", id_, "cancel"]:
                self.jobs[id_].cancelled = True
                return self._told(self.jobs[id_], 0)
        return None

    def _file(self, asked: Asked) -> Any:
        assert asked.file is not None
        assert asked.body == {"purpose": "fine-tune", "file_name": asked.file[0], "file_type": "jsonl"}
        id_ = f"file-{len(self.files)}"
        self.files[id_] = asked.file
        return self._told_file(id_)

    def _told_file(self, id_: str) -> dict[str, Any]:
        name, data = self.files[id_]
        return {
            "id": id_,
            "object": "file",
            "created_at": CREATED,
            "filename": name,
            "bytes": len(data),
            "purpose": "fine-tune",
            "Processed": True,
            "FileType": "jsonl",
        }

    def _estimate(self, body: dict[str, Any]) -> Any:
        assert set(body) <= PRICED
        if self.price is None:
            return {"estimation_available": False, "unavailable_reason": "the model is new"}
        return {
            "estimation_available": True,
            "estimated_total_price": self.price,
            "allowed_to_proceed": self.allowed,
            "user_limit": 100.0,
        }

    def _told(self, job: Job, stage: int) -> dict[str, Any]:
        status = "cancelled" if job.cancelled else job.stages[stage]
        return {
            "id": job.id, "status": status, "user_id": "u", "model": job.body["model"], "training_file": job.body["training_file"],
            "suffix": job.body["suffix"], "model_output_name": f"acme/{job.body['model'].split('/')[-1]}-{job.body['suffix']}",
            "created_at": "2026-11-21T10:00:00Z", "started_at": "2026-11-21T10:00:00Z", "updated_at": "2026-11-21T10:10:00Z", "events": [],
        }  # fmt: skip

    def _events(self, job: Job) -> list[dict[str, Any]]:
        reached = job.stages[: job.looks]
        told: list[dict[str, Any]] = [
            {"type": "job_pending", "message": one} for one in (*self.said, "Fine-tune request created")
        ]
        if "running" in reached:
            told.append({"type": "training_start", "message": "Training started", "total_steps": 10})
        if "completed" in reached:
            told.append({"type": "job_complete", "message": "Job finished"})
        if "error" in reached:
            told.append({"type": "job_error", "message": job.error, "level": "error"})
        return [
            {"object": "fine-tune-event", "created_at": f"2026-11-21T10:00:{number:02}Z"} | one
            for number, one in enumerate(told)
        ]

    def _losses(self, job: Job, first: int) -> list[dict[str, float]]:
        """Five steps for each look at which it ran or was past running."""
        ran = 5 * sum(stage in {"running", "uploading"} for stage in job.stages[: job.looks])
        told: list[dict[str, float]] = []
        for step in range(max(1, first), ran + 1):
            told.append(
                {"timestamp": 1.0, "train/global_step": step, "train/loss": 1 / step, "train/learning_rate": 2e-4}
            )
            if step % 5 == 0:
                told.append({"timestamp": 1.0, "eval/global_step": step, "eval/loss": 1.5 / step})
        return told
