"""A job followed to its end, with bounded patience: a busy host is asked again later, and leaving never ends the job."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pricer.tuning.hosted.faults import Later
from pricer.tuning.hosted.host import Host, Sleep
from pricer.tuning.hosted.order import Order
from pricer.tuning.record import ENDED, Event, Record, Status

Report = Callable[[Status, tuple[Event, ...]], None]
Clock = Callable[[], float]
GO_ON, CANCEL = "assay tune watch {job}", "assay tune cancel {job}"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a job is looked at, how long its queue is watched in silence, and how often and how long a busy host is asked again.

    The wait doubles from `first_wait_s`; what the host asks for counts more. No wait is longer than `longest_wait_s`.
    """

    poll_s: float = 30.0
    stuck_s: float = 2 * 3600.0
    tries: int = 8
    first_wait_s: float = 2.0
    longest_wait_s: float = 900.0


def start(
    host: Host, order: Order, record: Record, patience: Patience | None = None, sleep: Sleep = time.sleep
) -> Status:
    """The status once the job is started, tried again while the host is busy; `create` takes care that nothing happens twice."""
    return _tried(lambda: host.create(order, record), record, patience or Patience(), sleep)


def follow(
    host: Host,
    record: Record,
    report: Report,
    patience: Patience | None = None,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> Status:
    """The status when the job has ended or is halted, or when the user leaves (Ctrl-C); `report` is told after each look, with what is new.

    `Later` after too many failures in a row. The job goes on at the host in each of these cases.
    """
    patience = patience or Patience()
    queue = Queue(patience.stuck_s, clock)
    seen = len(record.events())
    try:
        while True:
            status = _tried(lambda: host.refresh(record), record, patience, sleep)
            if said := queue.stuck(status, host.name, record.id):
                record.add_event("stuck", said)
            events = record.events()
            report(status, tuple(events[seen:]))
            seen = len(events)
            if status.state in ENDED or status.state == "paused":
                return status
            sleep(patience.poll_s)
    except KeyboardInterrupt:
        record.add_event("left", f"the job goes on at {host.name}: {_ways(record)}")
        report(record.status(), tuple(record.events()[seen:]))
        return record.status()


class Queue:
    """Watches how long a job waits for its turn."""

    def __init__(self, stuck_s: float, clock: Clock) -> None:
        self._stuck_s, self._clock = stuck_s, clock
        self._since: float | None = None
        self._told = 0

    def stuck(self, status: Status, host: str, job: str) -> str | None:
        """What to say when another `stuck_s` in the queue have passed; else None."""
        if status.state != "queued":
            self._since, self._told = None, 0
            return None
        now = self._clock()
        self._since = now if self._since is None else self._since
        waited = now - self._since
        if waited < self._stuck_s * (self._told + 1):
            return None
        self._told = int(waited // self._stuck_s)
        return (
            f"in {host}'s queue for {waited / 3600:.1f} h: leave it there, or look at the host's status page; {CANCEL.format(job=job)} ends it, "
            "and another host may be free"
        )


def _tried(call: Callable[[], Status], record: Record, patience: Patience, sleep: Sleep) -> Status:
    """What the call gives, asked again while the host is busy; `Later` in the end."""
    for attempt in range(patience.tries):
        try:
            return call()
        except Later as later:
            if attempt == patience.tries - 1:
                raise Later(f"{later} (given up after {patience.tries} tries; {_ways(record)})") from None
            wait = patience.first_wait_s * 2**attempt if later.after_s is None else later.after_s
            sleep(min(wait, patience.longest_wait_s))
    raise AssertionError("tries is at least 1")


def _ways(record: Record) -> str:
    return f"{GO_ON.format(job=record.id)} follows it again, {CANCEL.format(job=record.id)} ends it"
