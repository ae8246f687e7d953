"""Encoders by name: texts in, vectors of length 1 out; passages and queries each with the prefix that their model was trained with."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pricer.errors import BadInput
from pricer.store.weights import Source, weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLE = Path(__file__).with_name("encoders.toml")
PASSAGE_CHARACTERS = 640


class Encoder(Protocol):
    """What makes vectors of texts. Equal fingerprints promise equal vectors, up to the rounding of another processor."""

    @property
    def name(self) -> str:
        """What `encoder` takes: a name of the table, or the path of a folder."""

    @property
    def fingerprint(self) -> str:
        """Hexadecimal, at least 16 digits: of the weights, the prefixes, the token limit and the pooling."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 for each text, (n, dimensions), in their order, as what is searched."""

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same, as what is searched for."""


class Worded(Protocol):
    """A listing or a product."""

    @property
    def title(self) -> str: ...

    @property
    def text(self) -> str: ...


def passage_text(one: Worded) -> str:
    """What is encoded of a listing or a product: the beginning of its text, as much as a curated text has, so that a user's own longer texts cost no
    more."""
    return (one.text or one.title)[:PASSAGE_CHARACTERS]


def known() -> tuple[str, ...]:
    """Names that `encoder` takes besides a folder's path, the default first."""
    return tuple(_sources())


@cache
def encoder(name: str = "minilm") -> Encoder:
    """The encoder of that name or in that folder, one for a process; its model is loaded when the first text comes.

    Raises `BadInput` for an unknown name, for weights that are not those which the table names, and for weights that cannot be had.
    """
    from pricer.store.sentences import SentenceEncoder

    return SentenceEncoder(weights(source(name)))


def source(name: str) -> Source:
    """Where the weights of a name are to be found: a row of the table, or a folder of sentence-transformers."""
    if name in _sources():
        return _sources()[name]
    folder = Path(name).expanduser()
    if (folder / "modules.json").is_file():
        return Source(str(folder.resolve()), folder=folder.resolve())
    raise BadInput(
        f"wanted one of the encoders {', '.join(_sources())}, or a folder that sentence-transformers has saved (it holds "
        f"modules.json), found {name!r}"
    )


@cache
def _sources() -> dict[str, Source]:
    """The table's rows by name."""
    return {name: Source(name, **row) for name, row in tomllib.loads(TABLE.read_text(encoding="utf-8")).items()}
