"""OpenAI's files and fine-tuning jobs, as its reference describes them."""

from __future__ import annotations

from typing import Any

from tests.pricer.tuning.hosted.loopback import CREATED, Answer, Asked, Job, Loopback, error

PAGE = 2  # small, so that pages are walked


class OpenAIDouble(Loopback):
    """OpenAI. `events` of a job grow with its stages."""

    stages = ("validating_files", "queued", "running", "running", "succeeded")

    def serve(self, asked: Asked) -> Any:  # noqa: PLR0911 - a table
        """The object for a call."""
        match asked.method, asked.path.removeprefix("/v1/").split("/"):
            case "POST", ["files"]:
                return self._file(asked)
            case "GET", ["files"]:
                told = [self._told_file(id_) for id_ in reversed(self.files)]
                return {"object": "list", "data": told, "has_more": False}
            case "GET", ["files", id_]:
                return self._told_file(id_) if id_ in self.files else error(404, f"No such File object: {id_}")
            case "POST", ["fine_tuning", "jobs"]:
                return self._create(asked.body)
            case "GET", ["fine_tuning", "jobs"]:
                wanted = asked.query.get("metadata[assay]")
                jobs = [job for job in reversed(self.jobs.values()) if job.body["metadata"]["assay"] == wanted]
                return _page([self._told(job, 0) for job in jobs], asked)
            case "GET", ["fine_tuning", "jobs", id_] if id_ in self.jobs:
                return self._told(self.jobs[id_], self.jobs[id_].seen())
            case "GET", ["fine_tuning", "jobs", id_, "events"]:
                return _page(self._events(self.jobs[id_])[::-1], asked)
            case "GET", ["fine_tuning", "jobs", id_, "checkpoints"]:
                return _page([self._checkpoint(self.jobs[id_])], asked)
            case "POST", ["fine_tuning", "jobs", id_, verb]:
                return self._act(self.jobs[id_], verb)
        return None

    def _file(self, asked: Asked) -> Any:
        assert asked.body == {"purpose": "fine-tune"}
        assert asked.file is not None
        id_ = f"file-{len(self.files)}"
        self.files[id_] = asked.file
        return self._told_file(id_)

    def _told_file(self, id_: str) -> dict[str, Any]:
        name, data = self.files[id_]
        return {
            "id": id_,
            "object": "file",
            "bytes": len(data),
            "created_at": CREATED,
            "filename": name,
            "purpose": "fine-tune",
            "status": "processed",
        }

    def _create(self, body: dict[str, Any]) -> Any:
        if body["training_file"] not in self.files:
            return error(400, f"No such File object: {body['training_file']}", "invalid_request_error")
        assert body["method"]["type"] == "supervised"
        assert set(body["method"]["supervised"]["hyperparameters"]) == {
            "n_epochs",
            "batch_size",
            "learning_rate_multiplier",
        }
        assert len(body["suffix"]) <= 64
        return self._told(self.made(f"ftjob-{len(self.jobs)}", body), 0)

    def _told(self, job: Job, stage: int) -> dict[str, Any]:
        status = "cancelled" if job.cancelled else "paused" if job.paused else job.stages[stage]
        failure = self._failure(job) if status == "failed" else None
        ended = status in {"succeeded", "failed", "cancelled"}
        return {
            "id": job.id, "object": "fine_tuning.job", "created_at": CREATED, "finished_at": CREATED + 600 if ended else None,
            "model": job.body["model"], "status": status, "error": failure, "organization_id": "org-1", "result_files": [], "seed": job.body["seed"],
            "training_file": job.body["training_file"], "validation_file": job.body.get("validation_file"), "metadata": job.body["metadata"],
            "hyperparameters": job.body["method"]["supervised"]["hyperparameters"], "trained_tokens": 1000 if status == "succeeded" else None,
            "fine_tuned_model": f"ft:{job.body['model']}:org:{job.body['suffix']}:id0" if status == "succeeded" else None,
        }  # fmt: skip

    def _failure(self, job: Job) -> dict[str, Any]:
        """The cause of a failure; its code says whether a file is to blame."""
        blames_file = "file" in str(job.error)
        code, param = ("invalid_training_file", "training_file") if blames_file else ("server_error", None)
        return {"code": code, "message": job.error, "param": param}

    def _events(self, job: Job) -> list[dict[str, Any]]:
        """All events so far, the oldest first: words, and losses of ten steps while it runs."""
        words = [*self.said, f"Created fine-tuning job: {job.id}"]
        told: list[tuple[str, dict[str, Any] | None]] = [(one, None) for one in words]
        for number, stage in enumerate(job.stages[: job.looks]):
            if stage == "running":
                first = sum(one == "running" for one in job.stages[:number]) * 5
                told += [(f"Step {step}/10", _loss(step)) for step in range(first + 1, first + 6)]
            elif stage == "succeeded":
                told.append(("The job has successfully completed", None))
        return [
            {"object": "fine_tuning.job.event", "id": f"ftevent-{number}", "created_at": CREATED + number, "level": "info", "message": message,
             "type": "metrics" if data else "message", "data": data or {}}
            for number, (message, data) in enumerate(told)
        ]  # fmt: skip

    def _checkpoint(self, job: Job) -> dict[str, Any]:
        return {
            "id": "ftckpt_1", "object": "fine_tuning.job.checkpoint", "created_at": CREATED, "fine_tuning_job_id": job.id, "step_number": 5,
            "fine_tuned_model_checkpoint": f"ft:{job.body['model']}:org:{job.body['suffix']}:id0:ckpt-step-5",
            "metrics": {"step": 5, "train_loss": 0.5, "full_valid_loss": 0.75},
        }  # fmt: skip

    def _act(self, job: Job, verb: str) -> Any:
        if job.stages[max(0, min(job.looks, len(job.stages)) - 1)] in {"succeeded", "failed"}:
            return error(400, f"Job has already completed: {job.id}")
        job.cancelled = job.cancelled or verb == "cancel"
        job.paused = verb == "pause"
        return self._told(job, 0)


def _loss(step: int) -> dict[str, Any]:
    """The training loss falls as 1 / step; validation is measured on a sample each step, on the whole file every fifth."""
    data: dict[str, Any] = {"step": step, "total_steps": 10, "train_loss": 1 / step, "valid_loss": 2 / step}
    return data | ({"full_valid_loss": 1.5 / step} if step % 5 == 0 else {})


def _page(all_: list[dict[str, Any]], asked: Asked) -> Any:
    after = asked.query.get("after")
    first = 1 + [one["id"] for one in all_].index(after) if after else 0
    return Answer(200, {"object": "list", "data": all_[first : first + PAGE], "has_more": first + PAGE < len(all_)})
