"""Trackers: a fine-tuning's measurements kept a second time, where other tools can show them beside those of other trainings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from catalog.snapshot import home
from pricer.errors import BadInput, PricerError
from pricer.installed import require
from pricer.tuning.record import Point, Record, Status

PROJECT = "assay"
LOG = "tracker.log"
FINISH_S = 60.0  # how long trackio may take to write down what it was told
# What trackio's process is given of the environment: no address, no token.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE")


class Tracker(Protocol):
    """Somewhere a training is written down too. A tracker that fails says so in the record's events and never stops a training."""

    @property
    def look(self) -> str:
        """How a person looks at what it keeps; empty when it keeps nothing."""

    def start(self, record: Record, config: Mapping[str, Any]) -> None:
        """Begin the run of a job, or go on with it; its name is the job's."""

    def log(self, point: Point) -> None:
        """Keep a measurement."""

    def finish(self, status: Status) -> None:
        """Keep how it ended, and let go."""


def tracker(name: str | None) -> Tracker:
    """The tracker of that name, ready to start; None is a silent one. `BadInput` for an unknown one and for one not installed."""
    if name is None:
        return Silent()
    if name == "trackio":
        require("tracking with trackio", "tune", "trackio")
        return Trackio()
    if name == "wandb":
        if find_spec("wandb") is None:
            raise BadInput(
                "wandb is not installed: run pip install wandb, or track with trackio, which keeps everything on this machine"
            )
        return Wandb()
    raise BadInput(f"tracker: wanted trackio or wandb, found {name!r:.40}")


@dataclass(frozen=True, slots=True)
class Silent:
    """Keeps nothing; the record is enough."""

    look: str = ""

    def start(self, record: Record, config: Mapping[str, Any]) -> None:
        """Nothing."""

    def log(self, point: Point) -> None:
        """Nothing."""

    def finish(self, status: Status) -> None:
        """Nothing."""


@dataclass(slots=True)
class Trackio:
    """Trackio's own database under the home folder, written by a process that knows no address and no token."""

    _record: Record | None = None
    _metric: str = "metric"
    child: subprocess.Popen[str] | None = None

    @property
    def look(self) -> str:
        """The command that shows the dashboard."""
        return f"TRACKIO_DIR={trackio_folder()} trackio show --project {PROJECT}"

    def start(self, record: Record, config: Mapping[str, Any]) -> None:
        """Start the process; it goes on by itself while trackio is being imported."""
        self._record, self._metric = record, record.status().metric_name
        trackio_folder().mkdir(parents=True, exist_ok=True)
        with (record.folder / LOG).open("ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", "-m", "pricer.tuning.watch.trackio_child"], text=True, encoding="utf-8",
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=_environment(), start_new_session=True,
            )  # fmt: skip
        self._tell({"project": PROJECT, "name": record.id, "config": _plain(config)})

    def log(self, point: Point) -> None:
        """Send a measurement on; it is in the database within a second."""
        self._tell({"step": point.step, "figures": figures(point, self._metric)})

    def finish(self, status: Status) -> None:
        """Send the best and wait until all is written down."""
        self._tell({"step": status.step, "figures": _ending(status)})
        if self.child is not None:
            self._let_go(self.child, FINISH_S)

    def _tell(self, told: dict[str, Any]) -> None:
        if self.child is None or self.child.stdin is None:
            return
        try:
            self.child.stdin.write(json.dumps(told) + "\n")
            self.child.stdin.flush()
        except OSError:
            self._let_go(self.child, 0)

    def _let_go(self, child: subprocess.Popen[str], within_s: float) -> None:
        """End the lines and wait; a process that does not end well, or in time, is told of."""
        self.child = None
        with suppress(OSError):
            if child.stdin is not None:
                child.stdin.close()
        try:
            code = child.wait(within_s)
        except subprocess.TimeoutExpired:
            child.kill()
            code = child.wait()
        if code:
            self._failed()

    def _failed(self) -> None:
        if self._record:
            self._record.add_event(
                "tracker",
                f"trackio stopped keeping this run; the training is not touched; see {LOG} in the job's folder",
            )


@dataclass(slots=True)
class Wandb:
    """Weights & Biases: sent where a key is set, else kept in the home folder to be sent later. It is asked for by name or not at all."""

    look: str = ""
    _record: Record | None = None
    _metric: str = "metric"
    _run: Any = None
    _errors: tuple[type[Exception], ...] = (OSError,)

    def start(self, record: Record, config: Mapping[str, Any]) -> None:
        """Begin the run in the mode that `WANDB_MODE` names, or online with a key, or offline; `PricerError` when it cannot begin."""
        wandb = import_module("wandb")
        mode = os.environ.get("WANDB_MODE") or ("online" if os.environ.get("WANDB_API_KEY") else "offline")
        folder = home() / "wandb"
        folder.mkdir(parents=True, exist_ok=True)
        self._record, self._metric, self._errors = record, record.status().metric_name, (OSError, wandb.Error)
        try:
            self._run = wandb.init(
                project=PROJECT, id=record.id, name=record.id, config=_plain(config), mode=mode, dir=str(folder), resume="allow"
            )  # fmt: skip
        except self._errors as error:
            raise PricerError(
                f"wandb could not begin ({error!s:.120}); set WANDB_MODE=offline, or track with trackio"
            ) from error
        self._run.define_metric(
            "*", step_metric="step"
        )  # a resumed training goes back a few steps, which wandb's own count cannot
        self.look = (
            f"run {record.id} of project {PROJECT} at Weights & Biases"
            if mode == "online"
            else f"wandb sync {folder}/wandb/offline-run-*"
        )

    def log(self, point: Point) -> None:
        """Hand a measurement over."""
        self._say(lambda run: run.log({"step": point.step, **figures(point, self._metric)}))

    def finish(self, status: Status) -> None:
        """Keep the best in the summary and end the run, as failed if it failed."""
        self._say(lambda run: run.summary.update(_ending(status)))
        self._say(lambda run: run.finish(exit_code=int(status.state == "failed")))

    def _say(self, act: Callable[[Any], object]) -> None:
        if self._run is None or self._record is None:
            return
        try:
            act(self._run)
        except self._errors as error:
            self._run = None
            self._record.add_event(
                "tracker", f"wandb stopped keeping this run; the training is not touched ({error!s:.120})"
            )


def trackio_folder() -> Path:
    """Where trackio's database lies: `trackio` in the home folder."""
    return home() / "trackio"


def figures(point: Point, metric: str) -> dict[str, float]:
    """A measurement under the names that trackers group by; what was not measured is left out."""
    told = {
        f"{point.split}/loss": point.loss,
        f"{point.split}/{metric if metric != 'loss' else 'metric'}": point.metric,
        "epoch": point.epoch,
        "learning_rate": point.learning_rate,
        "examples_per_s": point.examples_per_s,
        "elapsed_s": point.elapsed_s,
    }
    return {name: value for name, value in told.items() if value is not None}


def _ending(status: Status) -> dict[str, Any]:
    """What is worth keeping of the end."""
    told = {"ended": status.state, "best_step": status.best_step, f"best_{status.metric_name}": status.best_metric}
    return {name: value for name, value in told.items() if value is not None}


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as JSON; trackio keeps names that begin with an underscore to itself."""
    told: dict[str, Any] = json.loads(json.dumps(dict(config), default=str))
    return {name: value for name, value in told.items() if not name.startswith("_")}


def _environment() -> dict[str, str]:
    """What trackio's process knows: where to write, and that there is no hub."""
    folder = trackio_folder()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ours = {
        "TRACKIO_DIR": str(folder),
        "HF_HOME": str(folder / "hub"),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return kept | ours | {"GRADIO_ANALYTICS_ENABLED": "False", "DO_NOT_TRACK": "1"}
