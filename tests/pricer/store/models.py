"""Tiny real models of sentence-transformers, made in a folder: a static table and a transformer of two layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = ("query:", "passage:", "red", "blue", "shoe", "lamp", "for", "the", "garden", "kitchen", "steel", "oak")


def static(folder: Path, prompts: dict[str, str] | None = None, seed: int = 1) -> Path:
    """A table with one vector of 8 numbers for each word."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    words = tokenizer()
    table = np.random.default_rng(seed).normal(size=(words.get_vocab_size(), 8)).astype(np.float32)
    model = SentenceTransformer(modules=[StaticEmbedding(words, embedding_weights=table)], prompts=prompts)
    model.save(str(folder), create_model_card=False)
    return folder


def transformer(folder: Path, limit: int = 16, pooling: Any = "mean") -> Path:
    """A BERT of two layers with vectors of 16 numbers, which reads `limit` tokens."""
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from transformers import BertConfig, BertModel

    words = tokenizer()
    torch.manual_seed(1)
    sizes: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    BertModel(BertConfig(vocab_size=words.get_vocab_size(), **sizes)).save_pretrained(folder / "bert")
    fast: Any = transformers
    words_of_bert = fast.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]")
    words_of_bert.save_pretrained(folder / "bert")
    bert = Transformer(str(folder / "bert"), max_seq_length=limit)
    model = SentenceTransformer(modules=[bert, Pooling(16, pooling)])
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


def tokenizer() -> Any:
    """One token for each word of WORDS."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    made = Tokenizer(
        WordLevel({word: place for place, word in enumerate(("[PAD]", "[UNK]", *WORDS))}, unk_token="[UNK]")
    )
    made.pre_tokenizer = WhitespaceSplit()
    return made
