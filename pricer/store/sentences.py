"""Sentence-transformers models as encoders: texts in batches of about equal length, one batch to a core."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pricer.store.packed import PackedBert, packed, packed_from
from pricer.store.weights import Weights, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

# What one batch may hold, padding included. Larger ones fall out of the cache of a core: bench/retrieval_speed.py.
BATCH_TOKENS = 1024
# Up to here one core is as fast as two, and does not wait for one that is busy with something else.
SHORT_TOKENS = 256

Tokens = Callable[[list[str]], list[list[int]]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model: its way to ids of tokens where texts can be counted in tokens beforehand, its form without padding where it has one,
    and the library's model where one of the two is missing or unproved."""

    dimensions: int
    tokens: Tokens | None
    packed: PackedBert | None
    model: SentenceTransformer | None


class SentenceEncoder:
    """A sentence-transformers folder as an `Encoder`. The model is loaded when it is first needed; calls may come from any thread."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._loading = threading.Lock()
        self._held: Loaded | None = None

    @property
    def name(self) -> str:
        return self._weights.name

    @property
    def fingerprint(self) -> str:
        return self._weights.fingerprint

    @property
    def dimensions(self) -> int:
        return self.loaded.dimensions

    @property
    def loaded(self) -> Loaded:
        """The model, loaded once."""
        with self._loading:
            if self._held is None:
                self._held = _load(self._weights)
            return self._held

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 for each text, (n, dimensions), in their order, as what is searched."""
        return self._encode([self._weights.passage_prefix + text for text in texts])

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The same, as what is searched for."""
        return self._encode([self._weights.query_prefix + text for text in texts])

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        import numpy as np

        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        loaded = self.loaded
        if loaded.tokens is None:
            rows = _of(loaded).encode(texts, prompt="", show_progress_bar=False, convert_to_numpy=True)
        else:
            rows = _in_batches(loaded, loaded.tokens(texts))
        return _of_length_1(np.asarray(rows, np.float32))


def loaded_of(bert: PackedBert, tokenizer: str, limit: int) -> Loaded:
    """A BERT with its tokenizer, the text of a tokenizer.json that marks the beginning and the end; texts are cut to `limit` tokens."""
    from tokenizers import Tokenizer

    made = Tokenizer.from_str(tokenizer)
    made.enable_truncation(limit)
    made.no_padding()

    def tokens(texts: list[str]) -> list[list[int]]:
        return [told.ids or [0] for told in made.encode_batch_fast(texts)]

    return Loaded(bert.dimensions, tokens, bert, None)


def vectors(loaded: Loaded, texts: list[str]) -> NDArray[np.float32]:
    """A vector for each text, (n, dimensions), of whatever length it has; the model can be asked in tokens."""
    assert loaded.tokens is not None, "the model's tokens are known"
    return _in_batches(loaded, loaded.tokens(texts))


def _load(weights: Weights) -> Loaded:
    """The model in a folder. One that is proved is read without its library, whose import takes three times as long as all the rest."""
    import torch

    return _alone(weights) if weights.proved and not torch.cuda.is_available() else _by_library(weights)


def _alone(weights: Weights) -> Loaded:
    limit = read(weights.folder / "sentence_bert_config.json")["max_seq_length"]
    return loaded_of(
        packed_from(weights.folder), (weights.folder / "tokenizer.json").read_text(encoding="utf-8"), limit
    )


def _by_library(weights: Weights) -> Loaded:
    """What sentence-transformers makes of the folder, without a word on any stream."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as untyped

    logging: Any = untyped

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        model = SentenceTransformer(str(weights.folder), local_files_only=True).eval()
        tokens = _tokens(model)
        dimensions = model.get_embedding_dimension()
        assert dimensions is not None, "a sentence encoder knows its dimensions"
        return Loaded(dimensions, tokens, packed(model) if tokens else None, model)
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def _tokens(model: SentenceTransformer) -> Tokens | None:
    """Texts to ids, cut to the model's limit, of a transformer that runs on the processor; None for static tables, and on a GPU, which
    has ways of its own."""
    from sentence_transformers.base.modules import Transformer
    from transformers import PreTrainedTokenizerFast

    plain = isinstance(model[0], Transformer) and model.device.type == "cpu"
    if not plain or not isinstance(model.tokenizer, PreTrainedTokenizerFast):
        return None
    limit: int | None = model.max_seq_length
    cut = {"truncation": limit is not None, "max_length": limit, "return_attention_mask": False}

    def tokens(texts: list[str]) -> list[list[int]]:
        return list(model.tokenizer(texts, **cut)["input_ids"])

    return tokens


def _in_batches(loaded: Loaded, tokens: list[list[int]]) -> NDArray[np.float32]:
    """A vector for each text, (n, dimensions). Many batches are shared out to the cores: cores that work on the same
    batch wait for each other at every step of the model."""
    import numpy as np
    import torch

    batches = _batches([len(ids) for ids in tokens])
    rows = np.empty((len(tokens), loaded.dimensions), np.float32)

    def run(batch: list[int]) -> None:
        with _one_core():
            rows[batch] = _forward(loaded, [tokens[index] for index in batch])

    if len(batches) > 1:
        with ThreadPoolExecutor(min(torch.get_num_threads(), len(batches)), "encoder") as pool:
            list(pool.map(run, batches))
    elif sum(map(len, tokens)) <= SHORT_TOKENS:
        run(batches[0])
    else:
        rows[batches[0]] = _forward(loaded, [tokens[index] for index in batches[0]])
    return rows


def _batches(lengths: list[int]) -> list[list[int]]:
    """Places of texts of about the same length, the longest first: each batch, padded, holds at most BATCH_TOKENS or one text."""
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda at: (-lengths[at], at)):
        if not room:
            batches.append([])
            room = max(1, BATCH_TOKENS // max(1, lengths[index]))
        batches[-1].append(index)
        room -= 1
    return batches


@contextmanager
def _one_core() -> Iterator[None]:
    """This thread computes on one core meanwhile; another thread may do so for a moment longer."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _forward(loaded: Loaded, tokens: list[list[int]]) -> NDArray[np.float32]:
    """Vectors of one batch, (n, dimensions)."""
    import torch

    if loaded.packed and all(tokens):
        packed_rows: NDArray[np.float32] = loaded.packed(tokens).numpy()
        return packed_rows
    model = _of(loaded)
    features = model.tokenizer.pad({"input_ids": tokens}, return_tensors="pt")
    with torch.inference_mode():
        rows: NDArray[np.float32] = model(dict(features))["sentence_embedding"].float().numpy()
    return rows


def _of(loaded: Loaded) -> SentenceTransformer:
    """The library's model; a text without tokens is the only one that a form without padding leaves to it."""
    assert loaded.model is not None, "without the library every text has tokens"
    return loaded.model


def _of_length_1(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows scaled to length 1; a row of zeros stays one."""
    import numpy as np

    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    lengths[lengths == 0] = 1
    scaled: NDArray[np.float32] = rows / lengths[:, None]
    return scaled
