"""A llama of two layers with random weights, in a folder, whose words are those of the toys' listings; every digit is a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import prompts
from pricer.predictors.chat.wording import wording
from pricer.predictors.tuned.base import quiet
from pricer.products import messages
from tests.pricer.predictors.toys import LABELS, NUMBERS, priced

SPECIAL = ["<unk>", "<s>", "</s>", "<pad>"]
TEMPLATE = (
    "{% for m in messages %}<s> {{ m['role'] }} : {{ m['content'] }} </s>{% endfor %}"
    "{% if add_generation_prompt %}<s> assistant :{% endif %}"
)


def tiny_folder(folder: Path, seed: int = 0) -> Path:
    """The folder, filled; another seed gives other weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=512, bos_token_id=1, eos_token_id=2, pad_token_id=3,
    )  # fmt: skip
    with quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import WordLevel
    from tokenizers.trainers import WordLevelTrainer
    from transformers import PreTrainedTokenizerFast as Untyped

    made = Tokenizer(WordLevel(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(True)])
    made.decoder = decoders.Fuse()
    made.train_from_iterator(_texts(), WordLevelTrainer(special_tokens=SPECIAL, show_progress=False))
    tokenizer: Any = Untyped
    named = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    return tokenizer(tokenizer_object=made, chat_template=TEMPLATE, **named)


def _texts() -> list[str]:
    """What the tokenizer is to know."""
    asked = [
        messages.question(""),
        prompts.text("label_question", question="", labels=", ".join(LABELS.labels), text=""),
    ]
    turns = [turn.text for task in (NUMBERS, LABELS) for turn in wording(task, (), structured=False).before]
    return [*asked, *turns, *(one.text for one in priced(60).listings), "0123456789 . user system assistant : listing"]
