"""Listings and models for these tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pricer.predictors.chat.chat import ChatModel, ChatSettings
from pricer.predictors.chat.providers import Connection
from pricer.predictors.protocol import Guess, Task
from pricer.products.items import Listing
from tests.pricer.predictors.chat.loopback import Loopback

KEY = "sk-canary-0123456789abcdefghij"
APIS = ("openai-chat", "openai-responses", "anthropic")


def listing(number: int = 1, text: str | None = None) -> Listing:
    """A listing unlike every other number's."""
    return Listing(
        f"B{number:09}", f"Lamp {number}", text or f"Lamp {number}\nA lamp.", "A lamp.", "", "{}", None, None
    )


def model(
    provider: Loopback,
    api: str = "openai-chat",
    settings: ChatSettings | None = None,
    task: Task | None = None,
    key: str = KEY,
) -> ChatModel:
    """A model whose provider is the double."""
    address = provider.root if api == "anthropic" else provider.url
    way = Connection("openai", "toy", api, address, key, "OPENAI_API_KEY", own_machine=True)
    return ChatModel(way, task or Task(), settings)


def asked(chat: ChatModel, *listings: Listing) -> list[Guess]:
    """The guesses for listings asked at once; the connections are closed afterwards."""

    async def ask() -> Sequence[Guess]:
        try:
            return await asyncio.gather(*(chat.ask(each) for each in listings or (listing(),)))
        finally:
            await chat.close()

    return list(asyncio.run(ask()))
