"""OpenAI's Responses API."""

from __future__ import annotations

from typing import Any

from pricer.predictors.chat.answered import Answered, Turn, Wishes, part, whole, words
from pricer.predictors.protocol import Usage

PATH = "/responses"
OPTIONAL = {
    "text.format": "schema",
    "json_schema": "schema",
    "structured output": "schema",
    "temperature": "temperature",
    "reasoning": "reasoning_effort",
}
LEAST_OUTPUT_TOKENS = 16  # the API refuses fewer


def request(model: str, turns: list[Turn], wishes: Wishes, official: bool) -> dict[str, Any]:  # noqa: ARG001 - one shape for every api
    """The body of a request; nothing of it is kept by OpenAI (`store` is off). There is no seed in this API."""
    system, *others = turns
    body: dict[str, Any] = {
        "model": model,
        "instructions": system.text,
        "input": [{"role": turn.role, "content": turn.text} for turn in others],
        "max_output_tokens": max(wishes.output_tokens, LEAST_OUTPUT_TOKENS),
        "store": False,
    }
    if wishes.temperature is not None:
        body["temperature"] = wishes.temperature
    if wishes.reasoning_effort is not None:
        body["reasoning"] = {"effort": wishes.reasoning_effort}
    if wishes.schema is not None:
        schema = {"type": "json_schema", "name": wishes.schema_name, "strict": True, "schema": wishes.schema}
        body["text"] = {"format": schema}
    return body


def answered(body: dict[str, Any]) -> Answered | None:
    """The words of every message put out; None when the response failed or holds no output."""
    output = body.get("output")
    if not isinstance(output, list) or body.get("status") not in {"completed", "incomplete"}:
        return None
    parts = [
        piece
        for item in output
        if isinstance(item, dict) and item.get("type") == "message" and isinstance(item.get("content"), list)
        for piece in item["content"]
        if isinstance(piece, dict)
    ]
    refusals = [str(piece.get("refusal")) for piece in parts if piece.get("type") == "refusal"]
    details = body.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return Answered(
        text=words(parts) or " ".join(refusals),
        cut=reason == "max_output_tokens",
        refused=bool(refusals) or reason == "content_filter",
        usage=usage(body.get("usage")),
        model=body.get("model") if isinstance(body.get("model"), str) else None,
    )


def usage(given: object) -> Usage:
    """Tokens as reported: cached ones within the input, reasoning within the output."""
    if not isinstance(given, dict):
        return Usage()
    return Usage(
        whole(given.get("input_tokens")),
        whole(given.get("output_tokens")),
        part(given.get("input_tokens_details"), "cached_tokens"),
        part(given.get("input_tokens_details"), "cache_write_tokens"),
        part(given.get("output_tokens_details"), "reasoning_tokens"),
    )
