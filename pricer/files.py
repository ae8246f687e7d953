"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pricer.errors import PricerError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well, and is removed when it does not."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise PricerError(f"could not write {path.name}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_json(told: object, path: Path) -> None:
    """Write JSON, all or nothing, and have it on the disk before the name appears."""
    write_text(json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True), path)


def write_text(text: str, path: Path) -> None:
    """Write text, all or nothing, and have it on the disk before the name appears."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
