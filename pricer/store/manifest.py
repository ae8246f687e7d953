"""What is told of a store without opening it: its encoder, its server, its data set, and which collection is in use. Written last."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.snapshot import home
from pricer.errors import BadInput
from pricer.files import write_json
from pricer.products.dataset import MANIFEST, NAME, complete

if TYPE_CHECKING:
    from pricer.store.encoder import Encoder

FORMAT = 1
INDEX = "assay store index DATASET --name NAME"
DECIDING = ("encoder", "server", "dataset", "splits")  # a store that differs in one of these is another


@dataclass(frozen=True, slots=True)
class Told:
    """What a manifest tells of a store."""

    name: str
    folder: Path
    manifest: dict[str, Any]


def stores_folder(root: Path | None = None) -> Path:
    """Where stores live: `stores` in the home folder."""
    return (root or home()) / "stores"


def installed(root: Path | None = None) -> list[Told]:
    """The complete stores, by name."""
    return [Told(folder.name, folder, read(folder)) for folder in complete(stores_folder(root))]


def new(encoder: Encoder, server: str | None, dataset: str | None, splits: Sequence[str]) -> dict[str, Any]:
    """The manifest of a new store; `generation` counts the collections built for it, the last of which is in use."""
    kept = {"name": encoder.name, "fingerprint": encoder.fingerprint, "dimensions": encoder.dimensions}
    return {
        "format": FORMAT,
        "id": secrets.token_hex(4),
        "generation": 1,
        "encoder": kept,
        "server": server,
        "dataset": dataset,
        "splits": list(splits),
    }


def exists(folder: Path) -> bool:
    """Whether the folder holds a complete store."""
    return (folder / MANIFEST).is_file()


def read(folder: Path) -> dict[str, Any]:
    """The manifest; `BadInput` when it is damaged or of another format."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        lacking = {"id", "generation", *DECIDING} - manifest.keys()
    except (OSError, ValueError, AttributeError) as error:
        raise BadInput(
            f"store {folder.name}: {MANIFEST} is damaged ({error!s:.80}); delete {folder} and index again: {INDEX}"
        ) from None
    if lacking or manifest.get("format") != FORMAT:
        raise BadInput(
            f"store {folder.name}: wanted a {MANIFEST} of format {FORMAT}, found {manifest.get('format')!r} "
            f"without {sorted(lacking)}; delete {folder} and index again: {INDEX}"
        )
    return manifest


def write(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, all or nothing."""
    write_json(manifest, folder / MANIFEST)


def checked_folder(name: str, root: Path | None) -> Path:
    """The folder of a store of that name; `BadInput` when it is no name for one."""
    if not re.fullmatch(NAME, name):
        raise BadInput(f"a store's name is made of letters, digits, '.', '_' and '-', found {name!r}")
    return stores_folder(root) / name


def refuse_other(name: str, there: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Nothing when the two manifests are of one store, else `BadInput`."""
    differs = [key for key in DECIDING if there[key] != wanted[key]]
    if differs:
        shown = "; ".join(f"{key}: {there[key]!r:.120} there, {wanted[key]!r:.120} now" for key in differs)
        raise BadInput(f"store {name} was made otherwise ({shown}); index again under another name: {INDEX}")


def unknown(name: str, names: Sequence[str]) -> BadInput:
    """No store has that name; these have others."""
    near = get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]}?" if near else "there is " + (", ".join(names) or "none yet")
    return BadInput(f"no store named {name!r}; {hint}. Make one: {INDEX}")
