"""The line is cut at every call of a start, before or after the host did what it was asked; started again, there is one of everything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.tuning.hosted.faults import Later
from pricer.tuning.hosted.remote import kept, remote_of
from pricer.tuning.record import Status
from tests.pricer.tuning.hosted.loopback import CUT_AFTER, CUT_BEFORE, CUT_MIDWAY
from tests.pricer.tuning.hosted.worlds import UPLOADS, every_host, world

each_cut = pytest.mark.parametrize("cut", [CUT_BEFORE, CUT_AFTER])


@each_cut
@every_host
def test_wherever_a_start_is_cut_there_is_one_job_and_each_file_once(name: str, cut: str, tmp_path: Path) -> None:
    for number in range(len(_calls(name, tmp_path / "whole"))):
        with world(name, tmp_path / str(number)) as at:
            at.double.cut_at, at.double.cut = number, cut
            with pytest.raises(Later):
                at.host.create(at.order, at.record)
            assert at.started().record.status().state == "queued"
            parts = [one.rsplit("-", 1)[1] for one in at.double.names]
            assert (len(at.double.jobs), parts) == (1, ["training.jsonl", "validation.jsonl"]), f"cut at call {number}"


@every_host
def test_an_upload_cut_halfway_starts_nothing_and_is_made_again(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        if name == "fireworks":
            at.double.fault("POST /v1/accounts/acme/datasets/assay", CUT_MIDWAY)
        else:
            at.double.fault(UPLOADS[name], CUT_MIDWAY)
        with pytest.raises(Later, match="The connection broke on the way"):
            at.host.create(at.order, at.record)
        assert at.double.jobs == {}
        at.started()
        assert (len(at.double.jobs), len(at.double.files)) == (1, 2)


@every_host
def test_a_kill_before_the_status_was_written_asks_for_no_second_job(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        remote = remote_of(at.record)
        assert remote is not None
        kept(at.record, replace(remote, settled=False))
        at.record.write_status(Status())
        assert at.host.create(at.order, at.record).state == "queued"
        assert len(at.double.jobs) == 1


@every_host
def test_a_kill_that_lost_the_id_of_the_job_finds_it_again(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        remote = remote_of(at.record)
        assert remote is not None
        kept(at.record, replace(remote, job=None, settled=False))
        at.record.write_status(Status())
        at.started()
        assert at.record.status().remote == remote.job
        assert len(at.double.jobs) == 1


@every_host
def test_cancelling_after_a_kill_ends_the_job_whose_id_was_lost(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        remote = remote_of(at.record)
        assert remote is not None
        kept(at.record, replace(remote, job=None, settled=False))
        assert at.host.cancel(at.record).state == "stopped"
        assert [job.cancelled for job in at.double.jobs.values()] == [True]


@every_host
def test_a_look_cut_before_its_cursor_was_kept_tells_nothing_twice(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        for _ in range(3):
            at.host.refresh(at.record)
        remote = remote_of(at.record)
        assert remote is not None
        kept(at.record, replace(remote, cursor=None))
        before = (
            [event.text for event in at.record.events()],
            len((at.record.folder / "metrics.jsonl").read_text().splitlines()),
        )
        at.double.jobs[next(iter(at.double.jobs))].looks -= 1  # the same look again
        at.host.refresh(at.record)
        after = (
            [event.text for event in at.record.events()],
            len((at.record.folder / "metrics.jsonl").read_text().splitlines()),
        )
        assert before == after


@every_host
def test_files_that_a_host_lost_meanwhile_are_sent_again(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        starts = [number for number, call in enumerate(_calls(name, tmp_path / "whole")) if _is_start(name, call)]
        at.double.cut_at = starts[0]
        with pytest.raises(Later):
            at.host.create(at.order, at.record)
        at.double.files.clear()
        getattr(at.double, "datasets", {}).clear()
        at.started()
        assert (len(at.double.jobs), len(at.double.files)) == (1, 2)


def test_two_processes_do_not_start_the_same_job(tmp_path: Path) -> None:
    from filelock import FileLock

    with world("openai", tmp_path) as at, FileLock(at.record.folder / ".starting.lock"):
        with pytest.raises(BadInput, match="another process is starting tuning job job-1"):
            at.host.create(at.order, at.record)
        assert at.double.calls == []


def _calls(name: str, folder: Path) -> list[str]:
    with world(name, folder) as at:
        calls: list[str] = at.started().double.calls
        return calls


def _is_start(name: str, call: str) -> bool:
    ends = {
        "openai": "POST /v1/fine_tuning/jobs",
        "together": "POST /v1/fine-tunes",
        "fireworks": "/supervisedFineTuningJobs",
    }
    return call.startswith("POST") and call.endswith(ends[name])
