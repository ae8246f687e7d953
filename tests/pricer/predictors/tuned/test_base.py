"""Small language models on this disk."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from pricer.errors import BadInput
from pricer.predictors.tuned.base import base, fingerprint
from pricer.predictors.tuned.gguf import DECODED, read_gguf
from tests.pricer.predictors.tuned.tiny import tiny_folder

PLAIN, Q4_1, Q8_0 = 0, 3, 8


def test_folder_is_loaded_in_full_precision_and_padded_on_the_left(tmp_path: Path) -> None:
    found = base(str(tiny_folder(tmp_path)))
    assert next(found.model.parameters()).dtype == torch.float32
    assert found.tokenizer.padding_side == "left" and found.tokenizer.chat_template


def test_loading_writes_nothing_on_the_streams(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    base(str(tiny_folder(tmp_path)))
    assert capfd.readouterr() == ("", "")


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    one, other = (str(tiny_folder(tmp_path / str(seed), seed)) for seed in (0, 1))
    assert fingerprint(one) != fingerprint(other)


def test_same_files_elsewhere_have_the_same_fingerprint(tmp_path: Path) -> None:
    one, other = (str(tiny_folder(tmp_path / name)) for name in ("one", "other"))
    assert fingerprint(one) == fingerprint(other)


def test_formats_that_can_hold_code_are_not_loaded(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BadInput, match="can hold code"):
        base(str(folder))


def test_name_that_is_no_folder_is_refused() -> None:
    with pytest.raises(BadInput, match="found 'gpt-5'"):
        base("gpt-5")


def test_folder_whose_tokenizer_is_missing_is_named(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path)
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(BadInput, match="found it unreadable"):
        base(str(folder))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_four_bits_want_a_gpu(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="found none on this machine"):
        base(str(tiny_folder(tmp_path)), four_bit=True)


def test_four_bits_want_a_folder() -> None:
    with pytest.raises(BadInput, match="wanted a folder"):
        base("local/smollm2-135m", four_bit=True)


def test_eight_bit_block_is_its_scale_times_its_bytes() -> None:
    data = np.float16(0.5).tobytes() + np.arange(-16, 16, dtype=np.int8).tobytes()
    assert DECODED[Q8_0](data, 0, (1, 32)).tolist() == [[0.5 * value for value in range(-16, 16)]]


def test_four_bit_block_holds_its_first_half_in_the_low_bits() -> None:
    data = np.float16(2).tobytes() + np.float16(-1).tobytes() + bytes(place | (15 - place) << 4 for place in range(16))
    low, high = [2.0 * value - 1 for value in range(16)], [2.0 * (15 - value) - 1 for value in range(16)]
    assert DECODED[Q4_1](data, 0, (32,)).tolist() == low + high


def test_gguf_file_is_read_with_its_tensors_under_our_names(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf([1.0, 2.0, 3.0]))
    read = read_gguf(path)
    assert read.told["names"] == ["a", "bc"]
    assert read.tensors["model.layers.7.input_layernorm.weight"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("length", [0, 3, 20, 100, 140])
def test_gguf_file_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf([1.0, 2.0, 3.0])[:length])
    with pytest.raises(BadInput, match=r"found x\.gguf unreadable"):
        read_gguf(path)


def test_gguf_file_of_another_family_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf([1.0], family="mamba"))
    with pytest.raises(BadInput, match="architecture is 'mamba'"):
        read_gguf(path)


def gguf(weights: list[float], family: str = "llama") -> bytes:
    """A file with two keys and one plain tensor, laid out as docs/gguf.md says."""
    keys = string("general.architecture") + struct.pack("<I", 8) + string(family)
    keys += string("names") + struct.pack("<IIQ", 9, 8, 2) + string("a") + string("bc")
    tensor = string("blk.7.attn_norm.weight") + struct.pack("<IQIQ", 1, len(weights), PLAIN, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + keys + tensor
    return head + bytes(-len(head) % 32) + np.array(weights, "<f4").tobytes()


def string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()
