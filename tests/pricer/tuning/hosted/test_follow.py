"""A job followed: busy hosts are asked again with bounded patience, a stuck queue is told, leaving ends nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.tuning.hosted.faults import Later
from pricer.tuning.hosted.follow import Patience, follow, start
from pricer.tuning.record import Event, Status
from tests.pricer.tuning.hosted.loopback import CUT_BEFORE, error
from tests.pricer.tuning.hosted.worlds import JOBS, World, every_host, world


class Clock:
    """A clock that goes forward by what is slept."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Screen:
    """What was reported."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self.texts: list[str] = []

    def __call__(self, status: Status, events: tuple[Event, ...]) -> None:
        self.states.append(status.state)
        self.texts += [event.text for event in events]


def _followed(at: World, patience: Patience | None = None) -> tuple[Status, Screen, Clock]:
    clock, screen = Clock(), Screen()
    return follow(at.host, at.record, screen, patience, clock, clock.sleep), screen, clock


@every_host
def test_a_job_is_followed_to_its_end(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        status, screen, clock = _followed(at.started())
        assert (status.state, screen.states[-1]) == ("done", "done")
        assert clock.slept == [30.0] * (len(screen.states) - 1)


@every_host
def test_the_end_says_how_the_tuned_model_is_asked(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        status, screen, _ = _followed(at.started())
        provider = "compatible" if name == "fireworks" else name
        assert f"assay evaluate --predictor chat --model {provider}/{status.remote_model}" in screen.texts[-1]


def test_each_event_is_reported_once(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        _, screen, _ = _followed(at.started())
        assert len(screen.texts) == len(set(screen.texts))
        assert any("The job has successfully completed" in text for text in screen.texts)


@every_host
def test_a_storm_of_429_is_waited_out_as_the_host_asks(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        at.double.fault(f"GET {JOBS[name]}/", *[error(429, "slow down", Retry_After="7")] * 5)
        status, _, clock = _followed(at)
        assert status.state == "done"
        assert clock.slept[:5] == [7.0] * 5


def test_no_wait_is_longer_than_the_patience(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.started()
        at.double.fault("GET /v1/fine_tuning/jobs/", error(429, "slow down", Retry_After="86400"))
        _, _, clock = _followed(at, Patience(longest_wait_s=60.0))
        assert clock.slept[0] == 60.0


@every_host
def test_a_host_that_stays_busy_is_given_up_and_the_job_is_left(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        at.double.fault(f"GET {JOBS[name]}/", *[error(503, "busy")] * 9)
        clock = Clock()
        with pytest.raises(
            Later,
            match="given up after 4 tries; assay tune watch job-1 follows it again, assay tune cancel job-1 ends it",
        ):
            follow(at.host, at.record, Screen(), Patience(tries=4), clock, clock.sleep)
        assert clock.slept == [2.0, 2.0 * 2, 2.0 * 4]
        assert at.record.status().state == "queued"
        assert not next(iter(at.double.jobs.values())).cancelled


def test_a_wrong_key_is_not_tried_again(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.started()
        at.double.fault("GET /v1/fine_tuning/jobs/", error(401, "no"))
        clock = Clock()
        with pytest.raises(BadInput, match="Check the key"):
            follow(at.host, at.record, Screen(), None, clock, clock.sleep)
        assert clock.slept == []


@every_host
def test_a_start_at_a_busy_host_is_tried_again_and_starts_one_job(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.double.fault(f"POST {JOBS[name]}", error(500, "oops"), CUT_BEFORE)
        clock = Clock()
        assert start(at.host, at.order, at.record, None, clock.sleep).state == "queued"
        assert clock.slept == [2.0, 4.0]
        assert len(at.double.jobs) == 1


def test_a_start_at_a_host_that_stays_busy_is_given_up(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.double.fault("POST /v1/files", *[error(500, "oops")] * 20)
        clock = Clock()
        with pytest.raises(Later, match="given up after 8 tries"):
            start(at.host, at.order, at.record, None, clock.sleep)
        assert len(clock.slept) == 7


@every_host
def test_a_queue_that_is_stuck_is_told_with_what_to_do(name: str, tmp_path: Path) -> None:
    with world(name, tmp_path) as at:
        at.started()
        job = next(iter(at.double.jobs.values()))
        job.stages = [job.stages[0]] * 50 + job.stages
        _, screen, _ = _followed(at, Patience(poll_s=360.0, stuck_s=3600.0))
        stuck = [text for text in screen.texts if "queue for" in text]
        assert [text[: text.index(":")] for text in stuck] == [
            f"in {name}'s queue for {hours}.0 h" for hours in (1, 2, 3, 4, 5)
        ]
        assert "assay tune cancel job-1 ends it" in stuck[0]


def test_leaving_ends_nothing_at_the_host_and_says_how_to_go_on(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.started()
        screen = Screen()

        def interrupted(seconds: float) -> None:
            raise KeyboardInterrupt

        status = follow(at.host, at.record, screen, None, Clock(), interrupted)
        assert status.state == "queued"
        assert screen.texts[-1] == (
            "the job goes on at openai: assay tune watch job-1 follows it again, assay tune cancel job-1 ends it"
        )
        assert not next(iter(at.double.jobs.values())).cancelled


def test_a_halted_job_is_not_watched_on(tmp_path: Path) -> None:
    with world("openai", tmp_path) as at:
        at.started().host.pause(at.record)
        status, _, clock = _followed(at)
        assert (status.state, clock.slept) == ("paused", [])
