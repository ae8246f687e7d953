"""A llama in a GGUF file: its numbers, its tensors as float32 under the names that transformers gives them, and its tokenizer.

The reader is our own because the common one parses the file anew for each part, half a minute for a model of 98 MB. It knows three
encodings of tensors and no others. Format: ggml-org/ggml, docs/gguf.md; blocks: ggml/src/ggml-common.h, `block_q4_1` and `block_q8_0`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9
CONTROL = 3  # the type of tokens that no text may write
BLOCK = 32  # weights that share a scale
NAMES = {
    "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head", "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gguf:
    """`told` is the file's metadata by key; `tensors` are by transformers' names, each in the shape that torch gives it."""

    told: dict[str, Any]
    tensors: dict[str, Floats]


def read_gguf(path: Path) -> Gguf:
    """The whole file; `BadInput` when it is no GGUF file, no llama, cut short, or holds an encoding that is not known here."""
    data = path.read_bytes()
    try:
        if data[:4] != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        return _read(_Cursor(data, 8))
    except (ValueError, KeyError, struct.error) as error:
        raise BadInput(
            f"wanted a llama as GGUF (F32, Q8_0 or Q4_1), found {path.name} unreadable: {error!s:.80}"
        ) from None


def config_of(told: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments for `LlamaConfig`."""
    width, heads = told["llama.embedding_length"], told["llama.attention.head_count"]
    return {
        "hidden_size": width, "intermediate_size": told["llama.feed_forward_length"], "num_hidden_layers": told["llama.block_count"],
        "num_attention_heads": heads, "num_key_value_heads": told["llama.attention.head_count_kv"], "head_dim": width // heads,
        "vocab_size": told["llama.vocab_size"], "max_position_embeddings": told["llama.context_length"],
        "rms_norm_eps": told["llama.attention.layer_norm_rms_epsilon"],
        "rope_parameters": {"rope_type": "default", "rope_theta": told["llama.rope.freq_base"]},
        "bos_token_id": told["tokenizer.ggml.bos_token_id"], "eos_token_id": told["tokenizer.ggml.eos_token_id"],
        "pad_token_id": told["tokenizer.ggml.padding_token_id"],
    }  # fmt: skip


def tokenizer_of(told: dict[str, Any]) -> Any:
    """The byte-level tokenizer of the SmolLM family, every digit a token, as transformers' own class with its chat template."""
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast as Untyped

    if (told["tokenizer.ggml.model"], told["tokenizer.ggml.pre"]) != ("gpt2", "smollm"):
        raise BadInput(f"wanted a tokenizer of the SmolLM family, found {told['tokenizer.ggml.pre']!r:.40}")
    words, kinds = told["tokenizer.ggml.tokens"], told["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in told["tokenizer.ggml.merges"]]
    made = Tokenizer(BPE({word: number for number, word in enumerate(words)}, merges))
    digits, bytes_ = pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([digits, bytes_])
    made.decoder = decoders.ByteLevel()
    control = [word for word, kind in zip(words, kinds, strict=True) if kind == CONTROL]
    made.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in control])
    named = {f"{role}_token": words[told[f"tokenizer.ggml.{role}_token_id"]] for role in ("bos", "eos")}
    padding = words[told["tokenizer.ggml.padding_token_id"]]
    tokenizer_class: Any = Untyped
    return tokenizer_class(
        tokenizer_object=made, pad_token=padding, chat_template=told["tokenizer.chat_template"], **named
    )


class _Cursor:
    """A place in the file that moves on with what is read."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def number(self, form: str) -> Any:
        (value,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def string(self) -> str:
        length = self.number("<Q")
        self.at += length
        return self.data[self.at - length : self.at].decode()

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            inner, count = self.number("<I"), self.number("<Q")
            return [self.value(inner) for _ in range(count)]
        return self.number(SCALARS[kind])


def _read(cursor: _Cursor) -> Gguf:
    n_tensors, n_keys = cursor.number("<Q"), cursor.number("<Q")
    told = {cursor.string(): cursor.value(cursor.number("<I")) for _ in range(n_keys)}
    if told["general.architecture"] != "llama":
        raise ValueError(f"its architecture is {told['general.architecture']!r:.40}")
    places = [_place(cursor) for _ in range(n_tensors)]
    align = told.get("general.alignment", 32)
    start = -(-cursor.at // align) * align
    tensors = {}
    for name, shape, kind, offset in places:
        part, theirs = name.rsplit(".", 2)[-2], _renamed(name)
        tensor = DECODED[kind](cursor.data, start + offset, shape)
        tensors[theirs] = _unwoven(tensor, told, part) if part in {"attn_q", "attn_k"} else tensor
    return Gguf(told, tensors)


def _place(cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape as torch has it, encoding and offset of a tensor."""
    name = cursor.string()
    sizes = [cursor.number("<Q") for _ in range(cursor.number("<I"))]
    return name, tuple(reversed(sizes)), cursor.number("<I"), cursor.number("<Q")


def _renamed(name: str) -> str:
    layer = re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name)
    if layer:
        return f"model.layers.{layer[1]}.{NAMES[layer[2]]}.weight"
    return f"{NAMES[name.removesuffix('.weight')]}.weight"


def _unwoven(tensor: Floats, told: dict[str, Any], part: str) -> Floats:
    """Queries or keys with the halves of each head beside each other again; llama.cpp keeps them in turns (convert_hf_to_gguf.py, `permute`)."""
    heads = told["llama.attention.head_count" if part == "attn_q" else "llama.attention.head_count_kv"]
    rows, columns = tensor.shape
    return tensor.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _plain(data: bytes, at: int, shape: tuple[int, ...]) -> Floats:
    import numpy as np

    return np.frombuffer(data, "<f4", int(np.prod(shape)), at).reshape(shape)


def _q8_0(data: bytes, at: int, shape: tuple[int, ...]) -> Floats:
    """A block is its scale in half precision and 32 signed bytes."""
    import numpy as np

    kind = np.dtype([("scale", "<f2"), ("values", "i1", (BLOCK,))])
    blocks = np.frombuffer(data, kind, int(np.prod(shape)) // BLOCK, at)
    made: Floats = (blocks["scale"].astype(np.float32)[:, None] * blocks["values"]).reshape(shape)
    return made


def _q4_1(data: bytes, at: int, shape: tuple[int, ...]) -> Floats:
    """A block is scale and least value in half precision and 16 bytes: their low halves are the first 16 values, their high ones the rest."""
    import numpy as np

    kind = np.dtype([("scale", "<f2"), ("least", "<f2"), ("halves", "u1", (BLOCK // 2,))])
    blocks = np.frombuffer(data, kind, int(np.prod(shape)) // BLOCK, at)
    values = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1).astype(np.float32)
    made: Floats = values * blocks["scale"].astype(np.float32)[:, None] + blocks["least"].astype(np.float32)[:, None]
    return made.reshape(shape)


DECODED: dict[int, Callable[[bytes, int, tuple[int, ...]], Floats]] = {0: _plain, 3: _q4_1, 8: _q8_0}
