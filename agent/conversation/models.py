"""Chat models by name, as LangChain knows them: the offline planner, a provider's model, or a model file on this machine."""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel

from agent.conversation.naming import PLANNER
from pricer.errors import BadInput
from pricer.predictors.chat.providers import Connection, connection

MOST_OUTPUT_TOKENS = 4096
TIMEOUT_S = 120
CONTEXT_TOKENS = 8192  # of a model file that this program serves
ATTEMPTS = 3


def chat_model(name: str = PLANNER, *, base_url: str | None = None) -> BaseChatModel:
    """The model: `planner`, `provider/model`, `local/smollm2-135m`, `local/PATH.gguf`, or `integration:model` for any other that
    LangChain has an installed integration for. `BadInput` says what is missing; no call is made."""
    if name == PLANNER:
        from agent.conversation.offline.model import PlannerModel

        return PlannerModel()
    if name.startswith("local/"):
        return _local(name)
    if ":" in name.partition("/")[0]:
        return _of_langchain(name)
    return _at(connection(name, base_url))


def _at(where: Connection) -> BaseChatModel:
    from pydantic import SecretStr

    shared: dict[str, Any] = {
        "base_url": where.base_url, "api_key": SecretStr(where.key), "timeout": TIMEOUT_S, "max_retries": ATTEMPTS - 1,
        "max_tokens": MOST_OUTPUT_TOKENS,
    }  # fmt: skip
    if where.api == "anthropic":
        from langchain_anthropic import ChatAnthropic

        return ChatAnthropic(model_name=where.model, stop=None, **shared)
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=where.model, use_responses_api=where.api == "openai-responses", stream_usage=True, **shared)


def _of_langchain(name: str) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    try:
        found: BaseChatModel = init_chat_model(name, max_tokens=MOST_OUTPUT_TOKENS)
    except ImportError as error:
        raise BadInput(
            f"--model {name}: LangChain's integration for it is not installed ({error!s:.120}); install it, or write "
            "provider/model for one of those that need none"
        ) from None
    except Exception as error:  # noqa: BLE001 - an integration raises what its client likes, a missing key above all
        raise BadInput(f"--model {name}: {error!s:.200}") from None
    return found


def _local(name: str) -> BaseChatModel:
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    from agent.conversation.choosing import ChoosingModel
    from pricer.predictors.chat.local import LocalServer

    server = LocalServer.of(name.removeprefix("local/"))
    server.context_tokens = CONTEXT_TOKENS
    where = server.connection(server.start())
    inner = ChatOpenAI(
        model=where.model, base_url=where.base_url, api_key=SecretStr(where.key), temperature=0, seed=0, timeout=600, max_retries=0,
        disable_streaming=True,
    )  # fmt: skip
    return ChoosingModel(inner=inner, server=server, context_tokens=CONTEXT_TOKENS)
