"""What every training here has in common: the trainer's arguments, what is written down at each step, checkpoints, stopping and going on."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pricer.errors import PricerError
from pricer.predictors.protocol import Task
from pricer.tuning.knobs import Curve, Knobs
from pricer.tuning.record import CHECKPOINTS, Point, Record, Status
from pricer.tuning.schedule import Schedule

if TYPE_CHECKING:
    from transformers import Trainer

How = Literal["done", "stopped"]
STOP, COMPLETE = "stop", "complete"
LOGGED = 200  # training losses that are written down in all, at most
CURVES: dict[Curve, str] = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}


@dataclass(frozen=True, slots=True)
class Measured:
    """Validation after some steps: the loss, and the task's metric if it was measured."""

    loss: float
    metric: float | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """How a model in training is measured on validation. `metric_name` is the task's metric, or loss where it has none."""

    measure: Callable[[], Measured]
    metric_name: str = "loss"
    lower_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Ended:
    """How a training ended: `done` or `stopped`; after which step the model was best, and where that is kept."""

    how: How
    best_step: int
    best_metric: float
    checkpoint: Path


def metric_name(task: Task) -> str:
    """The task's metric by the name that records carry: macro_f1, or mae with the unit."""
    return "macro_f1" if task.is_label else f"mae_{task.unit}" if task.unit else "mae"


def arguments(knobs: Knobs, schedule: Schedule, folder: Path) -> dict[str, Any]:
    """Keyword arguments for `TrainingArguments`, or what is made of it: exactly the schedule's steps, nothing sent, nothing printed."""
    return {
        "output_dir": str(folder / CHECKPOINTS), "max_steps": schedule.steps, "per_device_train_batch_size": knobs.batch_size,
        "gradient_accumulation_steps": knobs.accumulation, "learning_rate": schedule.peak_rate, "lr_scheduler_type": CURVES[knobs.schedule],
        "warmup_steps": schedule.warmup_steps, "weight_decay": knobs.weight_decay, "seed": knobs.seed, "data_seed": knobs.seed,
        "logging_strategy": "steps", "logging_steps": max(1, schedule.steps // LOGGED), "logging_nan_inf_filter": False, "log_level": "error",
        "report_to": "none", "disable_tqdm": True, "eval_strategy": "no", "save_strategy": "no", "remove_unused_columns": False,
        "optim": "adamw_torch", "dataloader_num_workers": 0,
    }  # fmt: skip


def run(trainer: Trainer, record: Record, schedule: Schedule, judge: Judge, patience: int = 0) -> Ended:
    """Train to the end of the schedule, from the last whole checkpoint if there is one. `PricerError` when the loss stops being a number.

    Training losses, validation and events go to the record as they come; a file named `stop` in its folder ends the training after the
    step in hand, with a checkpoint to go on from.
    """
    from transformers.trainer_callback import PrinterCallback

    start = last_checkpoint(record.folder)
    diary = Diary(record, schedule, judge, patience, step_of(start) if start else 0)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_callback(diary))
    if start:
        record.add_event("resumed", f"going on after step {step_of(start)}")
    if not diary.is_over:
        trainer.train(resume_from_checkpoint=str(start) if start else None)
    if diary.fault:
        raise PricerError(diary.fault)
    how: How = "stopped" if diary.stopped else "done"
    best = diary.status
    if best.best_step is None or best.best_metric is None:
        if how == "stopped":
            return Ended(how, 0, math.nan, record.folder)
        raise PricerError(
            f"no validation gave a number for {judge.metric_name}: lower the learning rate, or look at the examples"
        )
    return Ended(how, best.best_step, best.best_metric, checkpoint(record.folder, best.best_step))


def checkpoint(folder: Path, step: int) -> Path:
    """The folder of the checkpoint after a step."""
    return folder / CHECKPOINTS / f"checkpoint-{step}"


def step_of(path: Path) -> int:
    """The step after which a checkpoint was kept."""
    return int(path.name.rpartition("-")[2])


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end; None when there is none."""
    whole = [path.parent for path in (folder / CHECKPOINTS).glob(f"checkpoint-*/{COMPLETE}")]
    return max(whole, key=step_of, default=None)


class Diary:
    """Keeps the record of a training as it goes, and says when to keep a checkpoint and when to stop."""

    def __init__(self, record: Record, schedule: Schedule, judge: Judge, patience: int, start: int) -> None:
        self.record, self.schedule, self.judge, self.patience = record, schedule, judge, patience
        self.stopped = False
        self.fault: str | None = None
        self.status = _so_far(record, schedule, judge, start)
        self._began_s = time.monotonic() - self.status.elapsed_s
        self._last = (start, self.status.elapsed_s)
        self._worse = _since_best(record, self.status, start)
        record.write_status(self.status)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train: a kill came between the last checkpoint and the end."""
        status = self.status
        return status.step >= self.schedule.steps or (bool(self.patience) and self._worse >= self.patience)

    def logged(self, step: int, loss: float, learning_rate: float | None) -> bool:
        """Write a training loss down; True when it is no number and training is to stop."""
        elapsed_s, (before, before_s) = self._elapsed_s, self._last
        done = (step - before) * self.schedule.effective_batch
        speed = done / (elapsed_s - before_s) if elapsed_s > before_s else None
        self._last = step, elapsed_s
        epoch = self.schedule.epoch(step)
        self.record.add_point(Point(step, epoch, "train", _finite(loss), None, learning_rate, elapsed_s, speed))
        self._tell(step)
        if not math.isfinite(loss):
            self.fault = f"the loss is no number any more after step {step}: the steps overshoot; lower the learning rate, or warm up for longer"
        return self.fault is not None

    def stepped(self, step: int) -> tuple[bool, bool]:
        """Whether a checkpoint is to be kept now, and whether training is to stop."""
        save = stop = False
        if step in self.schedule.evaluate_at and not self.fault:
            self._measure(step)
            save, stop = True, self._hopeless(step)
        if (self.record.folder / STOP).exists() and step < self.schedule.steps:
            self.stopped = save = stop = True
        return save, stop

    def saved(self, step: int) -> None:
        """Mark a checkpoint as whole and forget those that nobody needs."""
        (checkpoint(self.record.folder, step) / COMPLETE).touch()
        self._tell(step)
        _forget(self.record.folder, {step, self.status.best_step or step})

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._began_s

    def _measure(self, step: int) -> None:
        found = self.judge.measure()
        point = Point(
            step,
            self.schedule.epoch(step),
            "validation",
            _finite(found.loss),
            _finite(found.metric),
            None,
            self._elapsed_s,
        )
        self.record.add_point(point)
        value = found.loss if found.metric is None else found.metric
        if better(value, self.status.best_metric, self.judge.lower_is_better):
            self.status, self._worse = replace(self.status, best_step=step, best_metric=value), 0
        else:
            self._worse += 1

    def _hopeless(self, step: int) -> bool:
        """Whether patience is at its end."""
        ends = bool(self.patience) and self._worse >= self.patience and step < self.schedule.steps
        if ends:
            self.record.add_event(
                "early",
                f"stopped: {self._worse} evaluations without a better {self.judge.metric_name} than after step {self.status.best_step}",
            )
        return ends

    def _tell(self, step: int) -> None:
        self.status = replace(self.status, step=step, elapsed_s=self._elapsed_s)
        self.record.write_status(self.status)


def _callback(diary: Diary) -> Any:
    """The diary as a callback; made here because the base class takes seconds to import."""
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
            logs = kwargs["logs"]
            if "loss" in logs and diary.logged(state.global_step, logs["loss"], logs.get("learning_rate")):
                control.should_training_stop = True

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
            save, stop = diary.stepped(state.global_step)
            control.should_save = save
            control.should_training_stop = control.should_training_stop or stop

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002
            diary.saved(state.global_step)

    return Watcher()


def better(value: float, than: float | None, lower_is_better: bool) -> bool:
    """Whether a measurement is better than the best so far; one that is no number never is."""
    return math.isfinite(value) and (than is None or (value < than if lower_is_better else value > than))


def _so_far(record: Record, schedule: Schedule, judge: Judge, start: int) -> Status:
    """The status from which a training goes on after step `start`: the best of what was measured up to there."""
    status = Status("running", start, schedule.steps, None, None, judge.metric_name, judge.lower_is_better)
    for point in record.points():
        if point.step > start:
            continue
        status = replace(status, elapsed_s=max(status.elapsed_s, point.elapsed_s or 0.0))
        value = point.loss if point.metric is None else point.metric
        if (
            point.split == "validation"
            and value is not None
            and better(value, status.best_metric, judge.lower_is_better)
        ):
            status = replace(status, best_step=point.step, best_metric=value)
    return status


def _since_best(record: Record, status: Status, start: int) -> int:
    """Evaluations since the best one, up to step `start`."""
    held = [point.step for point in record.points() if point.split == "validation" and point.step <= start]
    return sum(step > (status.best_step or 0) for step in held)


def _forget(folder: Path, kept: set[int]) -> None:
    """Remove all checkpoints but those after these steps; a mark goes first, so that no half of one is taken for a whole."""
    for path in (folder / CHECKPOINTS).glob("checkpoint-*"):
        if step_of(path) not in kept:
            (path / COMPLETE).unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
