"""The record of a tuning: what a kill tears, what is measured twice, and who is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.tuning.record import METRICS, Point, Record, Status, record_of, records, tuning_folder


@pytest.fixture
def record(tmp_path: Path) -> Record:
    made = Record(tmp_path / "job")
    made.write_plan({"id": "job"})
    return made


def test_a_line_that_a_kill_has_torn_is_passed_over_and_the_next_stands_alone(record: Record) -> None:
    record.add_point(Point(1, 0.1, "train", 2.0))
    with (record.folder / METRICS).open("ab") as file:
        file.write(b'{"step": 2, "epo')
    record.add_point(Point(3, 0.3, "train", 1.0))
    assert [point.step for point in record.points()] == [1, 3]


def test_what_is_measured_again_after_a_resume_counts_once_and_by_its_last_value(record: Record) -> None:
    for loss in (2.0, 1.5):
        record.add_point(Point(1, 0.1, "train", loss))
    record.add_point(Point(1, 0.1, "validation", 3.0))
    assert [(point.split, point.loss) for point in record.points()] == [("train", 1.5), ("validation", 3.0)]


def test_a_status_is_read_as_it_was_written(record: Record) -> None:
    record.write_status(Status("running", 3, 10, 2, 41.5, "mae_usd"))
    assert record.status() == Status("running", 3, 10, 2, 41.5, "mae_usd")


def test_before_anything_is_written_a_job_is_planned(record: Record) -> None:
    assert record.status().state == "planned"


def test_events_keep_their_order(record: Record) -> None:
    record.add_event("started", "1 step")
    record.add_event("done", "all is well")
    assert [event.kind for event in record.events()] == ["started", "done"]


def test_a_job_is_found_by_its_name_and_another_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    Record(tuning_folder() / "encoder-pans-1").write_plan({"id": "encoder-pans-1"})
    assert [one.id for one in records()] == [record_of("encoder-pans-1").id]
    for name in ("encoder-pots-1", "../tuning/encoder-pans-1", ""):
        with pytest.raises(BadInput, match="there is encoder-pans-1"):
            record_of(name)
