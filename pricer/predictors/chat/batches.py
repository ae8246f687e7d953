"""Which models can be asked in batches."""

from __future__ import annotations

from pricer.errors import BadInput
from pricer.predictors.batcher import Batcher
from pricer.predictors.chat.batch_anthropic import AnthropicBatches
from pricer.predictors.chat.batch_openai import OpenAIBatches
from pricer.predictors.chat.chat import ChatModel

PROVIDERS = ("openai", "anthropic", "compatible")


def batcher(model: ChatModel) -> Batcher:
    """The batch side of a chat model; `BadInput` for a provider whose batches are not known here."""
    if model.connection.provider not in PROVIDERS:
        raise BadInput(
            f"batches: wanted a model of {', '.join(PROVIDERS)}, found {model.name!r}; ask it one by one, without --batch"
        )
    return AnthropicBatches(model) if model.connection.api == "anthropic" else OpenAIBatches(model)
