"""Trainings that took place, for the page that shows them side by side: jobs, and the trials of sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pricer.errors import BadInput
from pricer.tuning.record import PLAN, Record, record_of, records
from pricer.tuning.trying import sweeps_folder
from pricer.tuning.watch.knobs_page import Recorded


def recorded(names: Sequence[str] = ()) -> list[Recorded]:
    """The runs of these jobs and sweeps, or of all there are, that have been measured; `BadInput` where there is none, or where they do
    not learn the same."""
    found = [record for name in names for record in _named(name)] if names else [*records(), *_trials(sweeps_folder())]
    measured = [record for record in found if record.points()]
    if not measured:
        raise BadInput("no training was recorded yet: plan one with assay tune plan, or sweep with assay tune sweep")
    tasks = {record.plan()["data"]["fingerprint"] for record in measured}
    if len(tasks) > 1 and names:
        raise BadInput(f"wanted trainings on the same data, found {len(tasks)} data sets; name the jobs of one")
    first = measured[0].plan()["data"]["fingerprint"]
    return [
        _of(record, number) for number, record in enumerate(measured) if record.plan()["data"]["fingerprint"] == first
    ]


def _named(name: str) -> list[Record]:
    sweep = sweeps_folder() / name
    return _trials(sweep) if sweep.parent == sweeps_folder() and sweep.is_dir() else [record_of(name)]


def _trials(folder: Path) -> list[Record]:
    return [Record(path.parent) for path in sorted(folder.glob(f"**/job/{PLAN}"))]


def _of(record: Record, number: int) -> Recorded:
    plan, status = record.plan(), record.status()
    name = (
        record.id if record.folder.name != "job" else f"{record.folder.parent.parent.name}/{record.folder.parent.name}"
    )
    return Recorded(
        f"{number + 1}", name, plan["knobs"], plan["schedule"], record.points(), {status.metric_name: status.best_metric},
        plan["data"]["n_train"], plan["method"],
    )  # fmt: skip
