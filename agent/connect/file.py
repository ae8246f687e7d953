"""A configuration file of somebody else's: read whole, kept a copy of, and replaced whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pricer.errors import BadInput, PricerError

BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Held:
    """A file as it was read. `raw` is None where there is no file; `text` is without the byte order mark."""

    path: Path
    raw: bytes | None

    @property
    def text(self) -> str:
        """What it says."""
        return "" if self.raw is None else self.raw.decode("utf-8").removeprefix(BOM)

    def encoded(self, text: str) -> bytes:
        """A text as bytes for this file: with the byte order mark if it had one."""
        marked = self.raw is not None and self.raw.startswith(BOM.encode())
        return ((BOM if marked else "") + text).encode()


def read(path: Path) -> Held:
    """The file, through links; `BadInput` when it is no text in UTF-8 or cannot be read."""
    try:
        raw = path.read_bytes()
        raw.decode("utf-8")
    except FileNotFoundError:
        return Held(path, None)
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not in UTF-8 (byte {error.start}): save it as UTF-8 and run this again") from None
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from None
    return Held(path, raw)


def replace(held: Held, raw: bytes | None, moment: dt.datetime, mode: int) -> Path | None:
    """The file with other content (None: no file), and the path of the copy made of what it held, None where there was nothing.

    The target of a link is replaced, not the link, and permissions stay; a new file gets `mode`. `PricerError` when somebody changed the
    file since it was read, or it cannot be written: then it is as it was.
    """
    target = held.path.resolve()
    if held.raw is not None and not target.stat().st_mode & stat.S_IWUSR:
        raise PricerError(f"{held.path} is read-only: nothing was written; make it writable, or set the entry by hand")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = _copied(target, held, moment)
        if raw is None:
            _still(held)
            target.unlink(missing_ok=True)
        else:
            _written(target, held, raw, mode)
    except OSError as error:
        raise PricerError(f"could not write {held.path}: {error.strerror or error}; nothing was changed") from None
    return copy


def _copied(target: Path, held: Held, moment: dt.datetime) -> Path | None:
    """A copy beside the file, of the same permissions, under a name that no other copy has."""
    if held.raw is None:
        return None
    for number in range(1, 1000):
        last = "" if number == 1 else f"-{number}"
        copy = target.with_name(f"{target.name}.before-llm-assay-{moment:%Y%m%d-%H%M%S}{last}")
        try:
            handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "wb") as file:
            file.write(held.raw)
        shutil.copystat(target, copy)
        _owned(copy, target)
        return copy
    raise PricerError(f"a thousand copies of {target.name} of this second are there already")


def _written(target: Path, held: Held, raw: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if held.raw is not None:
            _owned(temporary, target)
        temporary.chmod(stat.S_IMODE(target.stat().st_mode) if held.raw is not None else mode)
        _still(held)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _owned(path: Path, target: Path) -> None:
    """Give a new file the owner of the old: a client must still be able to write its own."""
    there, here = target.stat(), path.stat()
    if hasattr(os, "chown") and (there.st_uid, there.st_gid) != (here.st_uid, here.st_gid):
        os.chown(path, there.st_uid, there.st_gid)


def _still(held: Held) -> None:
    """Nothing, if the file holds what was read; a client that is open may have written meanwhile."""
    if read(held.path).raw != held.raw:
        raise PricerError(f"{held.path} was changed by another program meanwhile: nothing was written; run this again")
