"""The way of an order that all hosts share: files sent once, a job started once, a look at it, its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

from pricer.errors import BadInput, PricerError
from pricer.predictors.chat.failures import redacted
from pricer.tuning.hosted.desk import Desk
from pricer.tuning.hosted.faults import Dear, Gone, advised, known
from pricer.tuning.hosted.host import Checkpoint, Told
from pricer.tuning.hosted.keeping import keep
from pricer.tuning.hosted.order import Order, approved, counted, marked, named, steps_of
from pricer.tuning.hosted.remote import Remote, kept, remote_of
from pricer.tuning.hosted.wire import Wire
from pricer.tuning.knobs import Knobs
from pricer.tuning.record import ENDED, Record, Status

LOCK = ".starting.lock"


class Journey(Desk):
    """A `Host`, once the calls of a `Desk` are there."""

    def create(self, order: Order, record: Record) -> Status:
        """The job's status once it is started; without any call where it was started before."""
        approved(order)
        with _alone(record), _noted(record):
            remote = self._begun(order, record)
            if not remote.settled:
                with self._wire() as wire:
                    self._started(wire, order, record, remote)
        return record.status()

    def refresh(self, record: Record) -> Status:
        """The status after one look at the job."""
        remote = self._known(record)
        with self._wire() as wire:
            told = self.look(wire, remote)
        return keep(record, remote, self._understood(told), self.asks)

    def cancel(self, record: Record) -> Status:
        """The status after the job was ended, or found ended; a job that was never started needs no call."""
        remote = remote_of(record)
        if remote is None or not (remote.job or remote.asked):
            record.write_status(replace(record.status(), state="stopped", why="cancelled before it was started"))
            return record.status()
        with self._wire() as wire:
            job = remote.job or self.find_job(wire, remote)
            if job is None:
                record.write_status(replace(record.status(), state="stopped", why="cancelled before it was started"))
                return record.status()
            remote = kept(record, replace(remote, job=job, cancelled=True))
            return self._ended(wire, record, remote)

    def pause(self, record: Record) -> Status:
        """The status after the job was halted."""
        return self._halted(record, "pause")

    def resume(self, record: Record) -> Status:
        """The status after the job goes on."""
        return self._halted(record, "resume")

    def checkpoints(self, record: Record) -> tuple[Checkpoint, ...]:
        """What the host keeps, by step."""
        remote = self._known(record)
        with self._wire() as wire:
            return tuple(sorted(self.list_checkpoints(wire, remote), key=lambda one: (one.step, one.model)))

    def unused(self, order: Order) -> tuple[str, ...]:
        """Knobs that differ from their defaults and go nowhere."""
        usual = Knobs()
        changed = (one.name for one in fields(Knobs) if getattr(order.knobs, one.name) != getattr(usual, one.name))
        return tuple(name for name in changed if name not in self.knobs)

    def _wire(self) -> Wire:
        return Wire(self.link())

    def _known(self, record: Record) -> Remote:
        remote = remote_of(record)
        if remote is None or remote.job is None:
            raise BadInput(f"tuning job {record.id} was not started at {self.name}: start it first")
        if remote.host != self.name:
            raise BadInput(f"tuning job {record.id} is at {remote.host}, not at {self.name}")
        return remote

    def _begun(self, order: Order, record: Record) -> Remote:
        """What was done before for this very order, or a beginning."""
        self.check(order)
        short = {part: counted(path) for part, path in order.files()}
        mark, before = marked(order, self.name, record.id, short), remote_of(record)
        if before and before.gone:
            again = replace(
                before, files={}, sending=None, asked=False, job=None, settled=False, gone=False, cursor=None
            )
            before = kept(record, replace(again, attempt=before.attempt + 1))
            record.write_status(Status())
        if record.status().state in ENDED:
            raise BadInput(f"tuning job {record.id} has ended ({record.status().state}): plan a new one")
        if before and before.mark == mark:
            return before
        if before and (before.job or before.asked):
            raise BadInput(
                f"tuning job {record.id} was ordered at {before.host} with other files or settings: plan a new one for these"
            )
        examples = short["training"].examples
        steps = steps_of(order, examples)
        return kept(record, Remote(self.name, mark, named(order, mark), examples, order.epochs, order.batch, steps))

    def _started(self, wire: Wire, order: Order, record: Record, remote: Remote) -> None:
        job = remote.job or self.find_job(wire, remote)
        if job is None:
            remote = self._prepared(wire, order, record, remote)
            job = self._asked(wire, order, record, remote)
        remote = kept(record, replace(remote, job=job, asked=True))
        try:
            self.settle(wire, order, job)
        except Dear as error:
            record.write_status(replace(record.status(), state="stopped", remote=job, why=str(error)))
            kept(record, replace(remote, settled=True, cancelled=True))
            raise
        record.write_status(replace(record.status(), state="queued", steps=remote.steps, remote=job, why=None))
        kept(record, replace(remote, settled=True))
        record.add_event("started", f"{self.name} has the job as {job}")
        if ignored := self.unused(order):
            record.add_event("knobs", f"{self.name} does not know {', '.join(ignored)}: set, but not used")

    def _prepared(self, wire: Wire, order: Order, record: Record, remote: Remote) -> Remote:
        """With the files at the host and the price agreed."""
        for part, path in order.files():
            remote = self._sent(wire, record, remote, part, path)
        if said := self.agree(wire, order, remote):
            record.add_event("price", said)
        return kept(record, replace(remote, asked=True))

    def _asked(self, wire: Wire, order: Order, record: Record, remote: Remote) -> str:
        try:
            return self.start(wire, order, remote)
        except Gone:
            kept(record, replace(remote, files={}, asked=False))
            raise

    def _sent(self, wire: Wire, record: Record, remote: Remote, part: str, path: Path) -> Remote:
        """With the file's id, of an upload of now or before."""
        file = remote.files.get(part)
        if file and self.has_file(wire, file):
            return remote
        called = f"{remote.name}-{part}.jsonl"
        found = self.find_file(wire, called, path.stat().st_size) if remote.sending == part else None
        remote = kept(record, replace(remote, sending=part))
        file = found or self.upload(wire, called, path)
        remote = kept(record, replace(remote, sending=None, files={**remote.files, part: file}))
        record.add_event("sent", f"the {part} file is at {self.name} as {file}")
        return remote

    def _ended(self, wire: Wire, record: Record, remote: Remote) -> Status:
        assert remote.job is not None
        refused: BadInput | None = None
        try:
            self.act(wire, remote.job, "cancel")
        except BadInput as error:  # it may have ended by itself meanwhile
            refused = error
        status = keep(record, remote, self._understood(self.look(wire, remote)), self.asks)
        if refused and status.state not in ENDED:
            raise refused
        return status

    def _halted(self, record: Record, verb: str) -> Status:
        if verb not in self.halts:
            raise BadInput(f"{self.name} cannot {verb} a job: let it run, or cancel it")
        remote = self._known(record)
        assert remote.job is not None
        with self._wire() as wire:
            self.act(wire, remote.job, verb)
        return self.refresh(record)

    def _understood(self, told: Told) -> Told:
        """Without the key, wherever the host repeats it, and with what to do about what went wrong."""
        link = self.link()
        said = tuple(replace(one, text=redacted(one.text, link)) for one in told.said)
        told = replace(told, said=said, word=redacted(told.word, link))
        if told.why is None:
            return told
        words = redacted(told.why, link)
        fault = known(words)
        gone = told.state == "failed" and fault is not None and fault.name == "gone"
        return replace(told, why=advised(words), gone=gone)


@contextmanager
def _alone(record: Record) -> Iterator[None]:
    """Nobody else starts this job at the same time; `BadInput` if somebody does."""
    from filelock import FileLock, Timeout

    record.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(record.folder / LOCK, timeout=0):
            yield
    except Timeout:
        raise BadInput(f"another process is starting tuning job {record.id}: wait for it") from None


@contextmanager
def _noted(record: Record) -> Iterator[None]:
    """What goes wrong before the job is started is left in the record too."""
    try:
        yield
    except PricerError as error:
        if record.status().state == "planned":
            record.write_status(replace(record.status(), why=str(error)))
            record.add_event("fault", str(error))
        raise
