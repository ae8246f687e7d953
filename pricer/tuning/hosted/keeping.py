"""A look at a job, kept in its record: each event and each loss once, however often it is told."""

from __future__ import annotations

from dataclasses import replace

from pricer.tuning.hosted.host import Measured, Said, Told
from pricer.tuning.hosted.remote import Remote, kept
from pricer.tuning.record import Point, Record, State, Status

AGAIN = "start the same job again, and they are sent anew"


def keep(record: Record, remote: Remote, told: Told, asks: str) -> Status:
    """The status, after the record took over what is new. `asks` says how the tuned {model} is asked."""
    before = record.status()
    _events(record, told.said, remote.host)
    best = _losses(record, remote, told, before)
    after = _status(record, best, remote, told)
    if after != before:
        record.write_status(after)
    cursor = told.cursor or remote.cursor
    if (cursor, told.gone) != (remote.cursor, remote.gone):
        kept(record, replace(remote, cursor=cursor, gone=told.gone))
    if after.state != before.state:
        record.add_event("state", f"{before.state} → {after.state}: {after.why or told.word}")
        if after.state == "done":
            record.add_event(
                "model", f"the tuned model is {after.remote_model}: {asks.format(model=after.remote_model)}"
            )
    return after


def _events(record: Record, said: tuple[Said, ...], host: str) -> None:
    """The host's time stands in the text, so that the same sentence said twice is two events, and one told twice is one."""
    have = {event.text for event in record.events()}
    for one in said:
        text = f"{one.at:%Y-%m-%d %H:%M:%S}, {host}: {one.text}" if one.at else f"{host}: {one.text}"
        if text not in have:
            record.add_event("host", text)
            have.add(text)


def _losses(record: Record, remote: Remote, told: Told, before: Status) -> Status:
    """The status with the lowest loss on the whole validation file."""
    have = {(point.step, point.split) for point in record.points()}
    for one in told.measured:
        if (one.step, one.split) not in have:
            epoch = remote.epoch(one.step, told.steps)
            record.add_point(Point(one.step, epoch, one.split, one.loss, learning_rate=one.learning_rate))
            have.add((one.step, one.split))
        before = _better(before, one)
    return before


def _better(status: Status, one: Measured) -> Status:
    if (
        one.split != "validation"
        or not one.whole
        or (status.best_metric is not None and one.loss >= status.best_metric)
    ):
        return status
    return replace(status, best_step=one.step, best_metric=one.loss)


def _status(record: Record, status: Status, remote: Remote, told: Told) -> Status:
    state: State = told.state or status.state
    measured = max((point.step for point in record.points()), default=0)
    step = max(status.step, measured, told.step or 0)
    steps = told.steps or max(status.steps, step)
    return replace(
        status,
        state=state,
        step=steps if state == "done" and told.steps else step,
        steps=steps,
        elapsed_s=told.elapsed_s if told.elapsed_s is not None else status.elapsed_s,
        remote=remote.job,
        remote_model=told.model if state == "done" else status.remote_model,
        why=_why(state, remote, told),
    )


def _why(state: State, remote: Remote, told: Told) -> str | None:
    if state == "failed":
        return (
            f"the files are no longer at the host: {AGAIN}"
            if told.gone
            else told.why or f"the host says {told.word} and gives no reason"
        )
    if state == "stopped":
        return (
            "cancelled"
            if remote.cancelled
            else "cancelled at the host, not from here: plan a new job if that was not meant"
        )
    if state == "paused":
        return told.why or "halted at the host: resume lets it go on"
    return None
