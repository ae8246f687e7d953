"""Staged files: what cannot be read in place is unpacked or rewritten once, block by block, and reused while it is whole."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Self

from pricer.errors import PricerError
from pricer.products.shards import Raw, Shard
from pricer.products.sources.chunks import BYTES_PER_BLOCK, LINES_PER_BLOCK, Damaged, Piece, pieces

BLOCKS = "blocks.json"


@dataclass(frozen=True, slots=True)
class Block:
    """A staged file: its name, how it is read, its size, and the number of its first line in the source."""

    name: str
    kind: str
    size: int
    first_line: int


def folder_for(work: Path, path: Path) -> Path:
    """Where the stages of a file lie: another place as soon as its size or its time of change is another."""
    seen = path.stat()
    key = f"{path.resolve()}\n{seen.st_size}\n{seen.st_mtime_ns}"
    return work / sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:20]


def staged(folder: Path, build: Callable[[Path], Iterator[Block]]) -> Iterator[Block]:
    """The blocks that lie complete in the folder; else `build` makes them, and each is given as soon as it is there.

    The list of blocks is written last, so that a build which was stopped is begun again.
    """
    kept = _kept(folder)
    if kept is not None:
        yield from kept
        return
    made = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for block in build(folder):
            made.append(block)
            yield block
        write_whole(folder / BLOCKS, json.dumps([asdict(block) for block in made]).encode())
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise PricerError(
            "no space left on the disk for unpacked data: free some, or set ASSAY_HOME elsewhere"
        ) from error


def blocks(
    folder: Path,
    chunks: Iterable[bytes],
    kind: str = "lines",
    suffix: str = ".jsonl",
    most_lines: int = LINES_PER_BLOCK,
    most_bytes: int = BYTES_PER_BLOCK,
) -> Iterator[Block]:
    """Chunks written as files of whole lines. What stops with `Damaged` keeps its whole lines; a block says the rest is lost."""
    with _Writer(folder, kind, suffix) as writer:
        damage = None
        try:
            for piece in pieces(chunks, most_lines, most_bytes):
                writer.write(piece)
                if piece.ends:
                    yield writer.close()
        except Damaged as error:
            damage = str(error)
            writer.drop_partial_line()
        if writer.size:
            yield writer.close()
        if damage is not None:
            yield _damage(folder, damage, writer.line)


def single_block(folder: Path, chunks: Iterable[bytes], kind: str, suffix: str) -> Iterator[Block]:
    """Like `blocks`, in one file."""
    return blocks(folder, chunks, kind, suffix, sys.maxsize, sys.maxsize)


def block_shard(folder: Path, block: Block, file: str) -> Shard:
    """The shard that reads a block whole."""
    return Shard(0, block.kind, str(folder / block.name), file, 0, block.size, block.first_line)


def read(shard: Shard) -> Iterator[Raw]:
    """The one record of a shard that stands for what was damaged."""
    yield Raw(shard.first_line, None, "gzip damaged", Path(shard.path).read_text(encoding="utf-8"))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there in full or not at all."""
    part = path.with_name(path.name + ".tmp")
    part.write_bytes(data)
    part.replace(path)


def _kept(folder: Path) -> list[Block] | None:
    """The blocks that the folder's list names, if each is there in its full size."""
    try:
        kept = [Block(**entry) for entry in json.loads((folder / BLOCKS).read_bytes())]
        whole = all((folder / block.name).stat().st_size == block.size for block in kept)
    except (OSError, ValueError, TypeError):
        return None
    return kept if whole else None


def _damage(folder: Path, reason: str, line: int) -> Block:
    data = reason.encode()
    write_whole(folder / "damage.txt", data)
    return Block("damage.txt", "damaged", len(data), line)


class _Writer:
    """Writes one block after another; `line` is the number of the next block's first line, `size` what the open one holds."""

    def __init__(self, folder: Path, kind: str, suffix: str) -> None:
        self.line, self.size = 1, 0
        self._folder, self._kind, self._suffix = folder, kind, suffix
        self._file: BinaryIO | None = None
        self._count = self._newlines = self._whole = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, piece: Piece) -> None:
        if self._file is None:
            self._file = self._part().open("wb")
        self._file.write(piece.data)
        if piece.newlines:
            self._whole = self.size + piece.data.rindex(b"\n") + 1
        self.size += len(piece.data)
        self._newlines += piece.newlines

    def drop_partial_line(self) -> None:
        """Cut the open block back to its last line end."""
        if self._file is not None:
            self._file.truncate(self._whole)
            self.size = self._whole

    def close(self) -> Block:
        assert self._file is not None
        self._file.close()
        block = Block(f"{self._count:06d}{self._suffix}", self._kind, self.size, self.line)
        self._part().replace(self._folder / block.name)
        self.line += self._newlines
        self._file, self._count = None, self._count + 1
        self.size = self._newlines = self._whole = 0
        return block

    def _part(self) -> Path:
        return self._folder / f"{self._count:06d}.tmp"
