"""Small language models on this disk that can be tuned: found, compared with their hash, loaded in silence."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pricer.errors import BadInput
from pricer.installed import require
from pricer.predictors.chat.local import SMOLLM2, SMOLLM2_PACKAGE, SMOLLM2_SHA256
from pricer.predictors.chat.local import _packaged as packaged

LOCAL = "local/"
# What decides a word of the model's: weights, shape, tokenizer and the words around a turn.
DECIDING = ("*.safetensors", "config.json", "tokenizer*.json", "chat_template.jinja", "special_tokens_map.json")
EXTRA = "tune"


@dataclass(frozen=True, slots=True)
class Base:
    """A causal model of transformers with its tokenizer, which pads on the left; a folder is named by its whole path. `four_bit` when the
    weights are kept in four bits."""

    name: str
    fingerprint: str
    model: Any
    tokenizer: Any
    four_bit: bool = False


def base(name: str, *, four_bit: bool = False) -> Base:
    """The model local/smollm2-135m or that of a folder with safetensors, for the GPU if there is one, where it is in bfloat16.

    `four_bit` loads its weights in four bits (QLoRA: Dettmers et al., arXiv:2305.14314), which a GPU alone can. `BadInput` says what is
    missing, or that the files are not the reviewed ones.
    """
    require("a language model that is tuned", EXTRA, "torch", "transformers", "peft", "accelerate")
    if four_bit:
        _check_four_bit(name)
    known = fingerprint(name)
    with quiet():
        model, tokenizer = _packaged() if _is_packaged(name) else _in_folder(Path(name), four_bit)
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.generation_config = _plain_generation(tokenizer)
    model.name_or_path = ""  # peft writes it into its files, and asks the hub about it
    lasting = name if _is_packaged(name) else str(Path(name).expanduser().resolve())
    return Base(lasting, known, model, tokenizer, four_bit)


def title(name: str) -> str:
    """What tables call it: the folder's name, or the name without local/."""
    return Path(name).name


def fingerprint(name: str) -> str:
    """SHA-256 of what decides the model's words; `BadInput` when it is not there or not the file that was reviewed. Nothing is loaded."""
    if _is_packaged(name):
        path = packaged()
        found = _sha256(path)
        if found != SMOLLM2_SHA256:
            raise BadInput(f"{path} is not the file that was reviewed: install {SMOLLM2_PACKAGE} anew")
        return found
    folder = Path(name).expanduser()
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise BadInput(
            f"wanted {LOCAL}{SMOLLM2} or a folder with config.json and weights as .safetensors, found {name!r:.120}: "
            "other formats can hold code and are not loaded"
        )
    paths = sorted({path for pattern in DECIDING for path in folder.glob(pattern)})
    return hashlib.sha256("\n".join(f"{path.name} {_sha256(path)}" for path in paths).encode()).hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing that transformers and peft have to say reaches a stream inside the block: the streams belong to the command."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            for module in ("transformers", "peft", "accelerate", "torch"):
                warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
            yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def device_of(model: Any) -> Any:
    """Where the model's weights lie."""
    return next(model.parameters()).device


def _is_packaged(name: str) -> bool:
    return name == LOCAL + SMOLLM2


def _packaged() -> tuple[Any, Any]:
    """SmolLM2 out of its package, its four-bit weights spelled out."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from pricer.predictors.tuned.gguf import config_of, read_gguf, tokenizer_of

    read = read_gguf(packaged())
    config = LlamaConfig(**config_of(read.told), tie_word_embeddings="lm_head.weight" not in read.tensors)
    weights = {name: torch.tensor(tensor) for name, tensor in read.tensors.items()}
    made: Any = LlamaForCausalLM
    model = made.from_pretrained(None, config=config, state_dict=weights, dtype=_kind())
    return model.to(_device()), tokenizer_of(read.told)


def _in_folder(folder: Path, four_bit: bool) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    given = folder.expanduser()
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if four_bit:
        from transformers import BitsAndBytesConfig

        quantized: Any = partial(BitsAndBytesConfig, load_in_4bit=True, bnb_4bit_quant_type="nf4")
        options["quantization_config"] = quantized(
            bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.bfloat16
        )
        options["device_map"] = {"": 0}
    try:
        tokenizer = AutoTokenizer.from_pretrained(given, local_files_only=True, trust_remote_code=False)
        model: Any = AutoModelForCausalLM.from_pretrained(given, use_safetensors=True, dtype=_kind(), **options)
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            f"wanted a language model with its tokenizer in {folder}, found it unreadable: {error!s:.120}"
        ) from None
    return (model if four_bit else model.to(_device())), tokenizer


def _check_four_bit(name: str) -> None:
    """Nothing, if weights can be kept in four bits here."""
    import torch

    if _is_packaged(name):
        raise BadInput(f"wanted a folder for weights in four bits, found {name}, which is small enough without")
    if not torch.cuda.is_available():
        raise BadInput("weights in four bits (QLoRA) want an NVIDIA GPU, found none on this machine: tune without them")
    require("weights in four bits (QLoRA)", EXTRA, "bitsandbytes")


def _plain_generation(tokenizer: Any) -> Any:
    """How any of these models is asked for a reply: its likeliest word each time, whatever its folder wishes."""
    from transformers import GenerationConfig as Untyped

    configured: Any = Untyped
    return configured(do_sample=False, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _kind() -> Any:
    """bfloat16 where a GPU computes with it, float32 elsewhere."""
    import torch

    return torch.bfloat16 if torch.cuda.is_available() else torch.float32


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
