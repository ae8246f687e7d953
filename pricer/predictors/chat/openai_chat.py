"""Chat completions, which OpenAI began and every compatible server speaks."""

from __future__ import annotations

from typing import Any

from pricer.predictors.chat.answered import Answered, Turn, Wishes, part, whole, words
from pricer.predictors.protocol import Usage

PATH = "/chat/completions"
OPTIONAL = {
    "response_format": "schema",
    "json_schema": "schema",
    "structured output": "schema",
    "temperature": "temperature",
    "seed": "seed",
    "reasoning_effort": "reasoning_effort",
}


def request(model: str, turns: list[Turn], wishes: Wishes, official: bool) -> dict[str, Any]:
    """The body of a request. OpenAI itself counts reasoning into max_completion_tokens and refuses max_tokens for its newer models."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": turn.role, "content": turn.text} for turn in turns],
        "max_completion_tokens" if official else "max_tokens": wishes.output_tokens,
    }
    for name in ("temperature", "seed", "reasoning_effort"):
        if (wish := getattr(wishes, name)) is not None:
            body[name] = wish
    if wishes.schema is not None:
        schema = {"name": wishes.schema_name, "strict": True, "schema": wishes.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def answered(body: dict[str, Any]) -> Answered | None:
    """The first choice; None without one."""
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        return None
    refusal = message.get("refusal")
    reason = choice.get("finish_reason")
    return Answered(
        text=words(message.get("content")) or (refusal if isinstance(refusal, str) else ""),
        cut=reason == "length",
        refused=bool(refusal) or reason == "content_filter",
        usage=usage(body.get("usage")),
        model=body.get("model") if isinstance(body.get("model"), str) else None,
    )


def usage(given: object) -> Usage:
    """Tokens as reported: cached ones within the input, reasoning within the output.

    DeepSeek calls its cached tokens prompt_cache_hit_tokens. xAI and Gemini leave reasoning out of completion_tokens: it shows in
    the total, and is added.
    """
    if not isinstance(given, dict):
        return Usage()
    input_tokens, output_tokens = whole(given.get("prompt_tokens")), whole(given.get("completion_tokens"))
    total = whole(given.get("total_tokens"))
    if input_tokens is not None and output_tokens is not None and total is not None:
        output_tokens = max(output_tokens, total - input_tokens)
    cached = part(given.get("prompt_tokens_details"), "cached_tokens")
    return Usage(
        input_tokens,
        output_tokens,
        cached if cached is not None else whole(given.get("prompt_cache_hit_tokens")),
        part(given.get("prompt_tokens_details"), "cache_write_tokens"),
        part(given.get("completion_tokens_details"), "reasoning_tokens"),
    )
