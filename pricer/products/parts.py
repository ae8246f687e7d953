"""Parts: what a worker leaves of one shard in the work folder. The marker is written last; a part without it is done again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.files import replacing, write_json
from pricer.products.curate import Settings, Tally, curate
from pricer.products.families import Sketch, sketch
from pricer.products.shards import Shard
from pricer.products.sources import read

if TYPE_CHECKING:
    import pyarrow as pa

COMPRESSION = "zstd"


@dataclass(frozen=True, slots=True)
class Part:
    """The files of one shard's part."""

    folder: Path
    index: int

    @property
    def items(self) -> Path:
        """Parquet: items without family and split."""
        return self.folder / f"part-{self.index:06}.items.parquet"

    @property
    def dropped(self) -> Path:
        """Parquet: the drops."""
        return self.folder / f"part-{self.index:06}.dropped.parquet"

    @property
    def sketch(self) -> Path:
        """Numpy arrays for the families."""
        return self.folder / f"part-{self.index:06}.sketch.npz"

    @property
    def marker(self) -> Path:
        """JSON: the counts. It exists once the other three are complete."""
        return self.folder / f"part-{self.index:06}.json"

    def tally(self) -> Tally:
        """The counts of this part."""
        told = json.loads(self.marker.read_text(encoding="utf-8"))
        tally = Tally()
        for name, value in told.items():
            if name in ("prices_before", "tokens_before"):
                getattr(tally, name).update({int(edge): count for edge, count in value.items()})
            elif isinstance(value, dict):
                getattr(tally, name).update(value)
            else:
                setattr(tally, name, value)
        return tally


@dataclass(frozen=True, slots=True)
class Curator:
    """The task of a worker: read one shard, curate it, leave its part."""

    folder: Path
    settings: Settings

    def __call__(self, job: dict[str, Any]) -> int:
        """Write the part of a job (a shard, and how many of its records are taken); the number of records in it."""
        import numpy as np

        shard, take = Shard(**job["shard"]), job["take"]
        part = Part(self.folder, shard.index)
        block = curate(islice(read(shard), take), shard.file, self.settings)
        columns = {name: block.items[name].to_pylist() for name in {"id", "text", *WHOLE}}
        wholes = ["\n".join(parts) for parts in zip(*(columns[name] for name in WHOLE), strict=True)]
        drawn = sketch(columns["id"], columns["title"], columns["text"], wholes)
        write_parquet(block.items, part.items)
        write_parquet(block.dropped, part.dropped)
        with replacing(part.sketch) as temporary, temporary.open("wb") as file:
            np.savez(file, **{field.name: getattr(drawn, field.name) for field in fields(drawn)})
        write_json(block.tally.told(), part.marker)
        return block.tally.raw


WHOLE = ("title", "features", "description", "details")


def job(shard: Shard, take: int | None) -> dict[str, Any]:
    """The job for a shard, as plain data."""
    return {"shard": asdict(shard), "take": take}


def sketches(parts: list[Part]) -> Sketch:
    """The sketches of all parts, one after the other."""
    import numpy as np

    loaded = [np.load(part.sketch) for part in parts]
    try:
        return Sketch(**{field.name: np.concatenate([one[field.name] for one in loaded]) for field in fields(Sketch)})
    finally:
        for one in loaded:
            one.close()


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table, all or nothing, the same bytes for the same table."""
    import pyarrow.parquet as pq

    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression=COMPRESSION, compression_level=1, write_statistics=True)


def tables(parts: list[Part], kind: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """The items or the drops of each part in turn."""
    import pyarrow.parquet as pq

    for part in parts:
        yield pq.read_table(getattr(part, kind), columns=columns)
