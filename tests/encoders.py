"""A tiny real encoder for tests: sentence-transformers' own static embedding of a few words, saved in a folder."""

from __future__ import annotations

from pathlib import Path

WORDS = [
    "acme",
    "zenith",
    "plain",
    "filter",
    "guitar",
    "cable",
    "keyboard",
    "model",
    "red",
    "blue",
    "weight",
    "pounds",
    "inches",
    "lamp",
    "desk",
    "brass",
    "oak",
    "chair",
    "table",
    "drill",
    "battery",
]


def tiny_encoder(folder: Path) -> str:
    """The folder of an encoder whose vectors are the means of its words' random vectors, the same for every call."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers
    from tokenizers.normalizers import Lowercase

    vocabulary = {"[UNK]": 0} | {word: at for at, word in enumerate(WORDS, 1)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), pre_tokenizers.Whitespace()
    rows = np.random.default_rng(0).standard_normal((len(vocabulary), 32)).astype(np.float32)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=rows)], device="cpu").save(str(folder))
    return str(folder)
