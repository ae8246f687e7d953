"""Anthropic's Messages API."""

from __future__ import annotations

from typing import Any

from pricer.predictors.chat.answered import Answered, Turn, Wishes, part, whole, words
from pricer.predictors.protocol import Usage

PATH = "/v1/messages"
OPTIONAL = {
    "output_config.format": "schema",
    "output_config.effort": "reasoning_effort",
    "output_config": "schema",
    "structured output": "schema",
    "temperature": "temperature",
    "effort": "reasoning_effort",
    "thinking": "reasoning_effort",
}


def request(model: str, turns: list[Turn], wishes: Wishes, official: bool) -> dict[str, Any]:  # noqa: ARG001 - one shape for every api
    """The body of a request. A reasoning effort switches adaptive thinking on. There is no seed in this API."""
    system, *others = turns
    body: dict[str, Any] = {
        "model": model,
        "system": system.text,
        "messages": [{"role": turn.role, "content": turn.text} for turn in others],
        "max_tokens": wishes.output_tokens,
    }
    if wishes.temperature is not None:
        body["temperature"] = wishes.temperature
    config: dict[str, Any] = {}
    if wishes.reasoning_effort is not None:
        config["effort"] = wishes.reasoning_effort
        body["thinking"] = {"type": "adaptive"}
    if wishes.schema is not None:
        config["format"] = {"type": "json_schema", "schema": wishes.schema}
    if config:
        body["output_config"] = config
    return body


def answered(body: dict[str, Any]) -> Answered | None:
    """The text blocks of a message, thinking left out; None if it is no message."""
    content = body.get("content")
    if not isinstance(content, list) or body.get("type") != "message":
        return None
    texts = [block for block in content if isinstance(block, dict) and block.get("type") == "text"]
    return Answered(
        text=words(texts),
        cut=body.get("stop_reason") in {"max_tokens", "model_context_window_exceeded"},
        refused=body.get("stop_reason") == "refusal",
        usage=usage(body.get("usage")),
        model=body.get("model") if isinstance(body.get("model"), str) else None,
    )


def usage(given: object) -> Usage:
    """Tokens as reported; Anthropic counts what it read from or wrote to its cache beside the input, so they are added to it."""
    if not isinstance(given, dict):
        return Usage()
    plain = whole(given.get("input_tokens"))
    cached, written = whole(given.get("cache_read_input_tokens")), whole(given.get("cache_creation_input_tokens"))
    return Usage(
        None if plain is None else plain + (cached or 0) + (written or 0),
        whole(given.get("output_tokens")),
        cached,
        written,
        part(given.get("output_tokens_details"), "thinking_tokens"),
    )
