"""Trained models on disk as plain data: JSON, arrays and texts with a manifest written last. Reading one runs no code from its files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from pricer.errors import BadInput, PricerError
from pricer.files import write_json
from pricer.predictors.protocol import Predictor, Task
from pricer.products.items import Listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FORMAT = 1
MANIFEST = "manifest.json"
TOLD, ARRAYS, SEEN = "told.json", "arrays.npz", "seen.npz"
TEXT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
FILE_NAME = re.compile(r"told\.json|arrays\.npz|seen\.npz|[a-z0-9][a-z0-9_-]{0,63}\.txt")


@dataclass(frozen=True, slots=True)
class State:
    """All that a trained model is, as plain data: `told` is JSON, `arrays` hold no objects, each of `texts` becomes one file."""

    told: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


class Trained(Predictor, Protocol):
    """A predictor that can be taken apart into plain data and made again. `shelf.restorer` finds its class by `kind`."""

    kind: ClassVar[str]

    def state(self) -> State:
        """All that the model is. `restore(task, state)` guesses the same, bit for bit."""

    @classmethod
    def restore(cls, task: Task, state: State) -> Self:
        """The model made of its state; KeyError, TypeError or ValueError when a part is missing or misshapen."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a model comes from: what it was trained on, with what, for how long, and its validation score (None is unknown)."""

    dataset: str
    fingerprint: str
    seed: int
    learner: str
    n_train: int
    n_validation: int
    fit_s: float | None = None
    validation_score: float | None = None
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model read from disk. `seen` are the sorted hashes `(n,)` of what it was trained and chosen on."""

    model: Trained
    provenance: Provenance
    seen: npt.NDArray[np.uint64]


def save(model: Trained, task: Task, folder: Path, provenance: Provenance, seen: Sequence[Listing] = ()) -> None:
    """Write the model's folder, all or nothing; what stood there before is replaced.

    `seen` are the listings of training and validation. Without them `refuse_seen` cannot vouch for any run and says so.
    """
    with _replacing_folder(folder) as temporary:
        _write_files(model.state(), seen, temporary)
        told = {
            "format": FORMAT,
            "kind": model.kind,
            "task": asdict(task),
            "provenance": asdict(provenance),
            "files": {path.name: _described(path) for path in sorted(temporary.iterdir())},
        }
        write_json(told, temporary / MANIFEST)


def load(folder: Path, task: Task) -> Loaded:
    """The model in `folder` for `task`; `BadInput` when it is damaged, of an unknown kind or format, or made for another task."""
    from pricer.predictors.shelf import restorer

    manifest = _manifest(folder)
    trained_for = _same_task(folder, task, manifest)
    _check_files(folder, manifest["files"])
    try:
        provenance = Provenance(**manifest["provenance"])
        state, seen = _read_files(folder, manifest["files"])
        model = restorer(manifest["kind"]).restore(trained_for, state)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise _damaged(folder, f"{type(error).__name__}: {error!s:.80}") from None
    return Loaded(model, provenance, seen)


def refuse_seen(loaded: Loaded, listings: Sequence[Listing]) -> None:
    """Nothing, if the model saw none of `listings` while it was trained and chosen; else `BadInput` says how many it saw."""
    import numpy as np

    made = loaded.provenance
    if made.n_train + made.n_validation and not loaded.seen.size:
        raise BadInput(
            f"wanted to know what {loaded.model.name} was trained on, found no list of it in the model's folder; "
            "train it again and save it with the listings it saw"
        )
    known = np.isin(_hashes(listings), loaded.seen).any(axis=1)
    if not known.any():
        return
    first = listings[int(known.argmax())]
    raise BadInput(
        f"wanted listings that {loaded.model.name} has not seen, found {int(known.sum())} of {len(listings)} among its "
        f"training or validation examples, the first {first.id!r}; score the test split of {made.dataset}, "
        "or train it again without them"
    )


def versions_of(*packages: str) -> dict[str, str]:
    """The versions of Python and of those of `packages` that are installed, by distribution name."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _write_files(state: State, seen: Sequence[Listing], folder: Path) -> None:
    import numpy as np

    objects = [name for name, array in state.arrays.items() if array.dtype.hasobject]
    assert not objects, f"arrays of a model hold no objects, found {objects!r}"
    assert all(TEXT_NAME.fullmatch(name) for name in state.texts), (
        f"names of texts are file names: {list(state.texts)!r}"
    )
    write_json(state.told, folder / TOLD)
    np.savez(folder / ARRAYS, allow_pickle=False, **state.arrays)
    np.savez(folder / SEEN, seen=np.unique(_hashes(seen)))
    for name, text in state.texts.items():
        (folder / f"{name}.txt").write_bytes(text.encode())


def _read_files(folder: Path, files: dict[str, Any]) -> tuple[State, npt.NDArray[np.uint64]]:
    import numpy as np

    with np.load(folder / ARRAYS, allow_pickle=False) as read:
        arrays = {name: read[name] for name in read.files}
    with np.load(folder / SEEN, allow_pickle=False) as read:
        seen = read["seen"].astype(np.uint64, casting="safe")
    texts = {
        name.removesuffix(".txt"): (folder / name).read_bytes().decode() for name in files if name.endswith(".txt")
    }
    return State(json.loads((folder / TOLD).read_text(encoding="utf-8")), arrays, texts), seen


def _hashes(listings: Sequence[Listing]) -> npt.NDArray[np.uint64]:
    """Two hashes of each listing, `(n, 2)`: its id with its title, and its title with its text.

    Either one alone tells it again: when the text was cut to another length, or when the ids were given anew. Ids alone would not
    do, for two data sets may both count from 1.
    """
    import numpy as np

    rows = [[_hash(one.id, one.title), _hash(one.title, one.text)] for one in listings]
    return np.array(rows, dtype=np.uint64).reshape(-1, 2)


def _hash(first: str, second: str) -> int:
    digest = hashlib.blake2b(f"{len(first)}:{first}\0{second}".encode(errors="surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "little")


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest, with all its parts, of this format."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(
            f"no trained model in {folder}: wanted {MANIFEST}, found none; train one and save it there"
        ) from None
    except (OSError, ValueError) as error:
        raise _damaged(folder, f"{MANIFEST}: {error!s:.80}") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        found = told.get("format") if isinstance(told, dict) else told
        raise BadInput(
            f"model {folder.name}: wanted format {FORMAT}, found {found!r:.80} in {MANIFEST}; train it again"
        )
    wanted = {"kind": str, "task": dict, "provenance": dict, "files": dict}
    missing = [name for name, type_ in wanted.items() if not isinstance(told.get(name), type_)]
    if missing:
        raise _damaged(folder, f"{MANIFEST} lacks {missing[0]!r}")
    return told


def _same_task(folder: Path, task: Task, manifest: dict[str, Any]) -> Task:
    """`task` with its labels in the order of training; `BadInput` when the model was made for another."""
    trained_for = manifest["task"]
    try:
        found = (trained_for["name"], trained_for["unit"], sorted(trained_for["labels"]))
        labels = tuple(trained_for["labels"])
    except (KeyError, TypeError) as error:
        raise _damaged(folder, f"task: {error!s:.80}") from None
    if found == (task.name, task.unit, sorted(task.labels)):
        return replace(task, labels=labels)
    for what, wanted, was in zip(
        ("target", "unit", "labels"), (task.name, task.unit, sorted(task.labels)), found, strict=True
    ):
        if wanted != was:
            raise BadInput(
                f"model {folder.name}: wanted one for {what} {wanted!r}, found one trained for {was!r} in {MANIFEST}; "
                "choose another model or train one for this task"
            )
    raise AssertionError("one of three parts differs")


def _check_files(folder: Path, files: dict[str, Any]) -> None:
    """Nothing, if every file is as the manifest describes it."""
    for name, wanted in files.items():
        if not FILE_NAME.fullmatch(name):
            raise _damaged(folder, f"{MANIFEST} names a file {name!r:.80}")
        try:
            found = _described(folder / name)
        except OSError as error:
            raise _damaged(folder, f"{name}: {error.strerror}") from None
        if found != wanted:
            raise _damaged(folder, f"{name} is not the file that {MANIFEST} describes")


def _damaged(folder: Path, why: str) -> BadInput:
    return BadInput(
        f"model {folder.name}: wanted a whole trained model, found it damaged ({why}) in {folder}; train it again"
    )


@contextmanager
def _replacing_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder` that takes its place when the block ends well, and is removed when it does not."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if folder.exists():
            folder.replace(old)
        temporary.replace(folder)
    except OSError as error:
        raise PricerError(f"could not write model {folder.name}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
