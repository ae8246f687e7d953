"""What an attempt that failed means for the run: come again, give up this listing, or give up."""

from __future__ import annotations

import email.utils
import json
import math
import re
import time
from collections.abc import Mapping
from typing import Any

from pricer.predictors.chat.providers import NO_KEY, Connection
from pricer.predictors.protocol import Busy, Refused, Rejected

AGAIN = frozenset({408, 409, 425, 429})
THIS_LISTING = frozenset({400, 413, 415, 422})
SLOW_DOWN = frozenset({429, 529})
MOST_WORDS = 300  # characters of a provider's message that are repeated
HOPELESS = re.compile(
    r"insufficient_quota|exceeded your current quota|credit balance|billing|api[ _]key|model_not_found|not a valid model|"
    r"invalid model|model\b.{0,80}\b(?:does not exist|not found)|unknown model",
    re.IGNORECASE,
)
MODERATED = re.compile(r"moderation|flagged|content[ _](?:policy|filter|management)|safety", re.IGNORECASE)


def failed(status: int, headers: Mapping[str, str], message: str, connection: Connection) -> Busy | Refused | Rejected:
    """The exception for a reply with an HTTP status that is no success."""
    words = redacted(message, connection)
    where = f"{connection.provider} answered {status} for {connection.model}"
    if MODERATED.search(words) and status in {400, 403, 422}:
        return Rejected(f"{where}: {words}")
    if status in AGAIN | THIS_LISTING and status != 409 and HOPELESS.search(words):
        return Refused(f"{where}: {words}. {_mend(status, connection)}")
    if status in AGAIN or status >= 500:
        return Busy(f"{where}: {words}", slow_down=status in SLOW_DOWN, after_s=after_s(headers, time.time()))
    if status in THIS_LISTING:
        return Rejected(f"{where}: {words}")
    return Refused(f"{where}: {words}. {_mend(status, connection)}")


def after_s(headers: Mapping[str, str], now: float) -> float | None:
    """How long the provider asks to wait, in seconds from `now` (a Unix time): retry-after-ms, or Retry-After as seconds or as a date."""
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        given = (headers.get(name) or "").strip()
        try:
            wait = float(given) * scale
        except ValueError:
            continue
        if math.isfinite(wait):
            return max(0.0, wait)
    try:
        date = email.utils.parsedate_to_datetime((headers.get("retry-after") or "").strip())
        return max(0.0, date.timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return None


def message_of(body: object) -> str:
    """What a provider's error body says: the message with its code and type, or the body itself."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        parts = [str(error[part]) for part in ("message", "code", "type", "param") if error.get(part) not in {None, ""}]
        return "; ".join(dict.fromkeys(parts)) or json.dumps(error)
    return str(error or "")


def redacted(message: str, connection: Connection) -> str:
    """A provider's words on one line, cut to length, without the key even where the provider repeats some of it."""
    if len(connection.key) >= 4 and connection.key != NO_KEY:
        message = message.replace(connection.key, "[key]")
        message = re.sub(re.escape(connection.key[:6]) + r"[^\s\"',;]*", "[key]", message)
        message = re.sub(r"[^\s\"',;:]*\*{2,}[^\s\"',;]*", "[key]", message)
    return re.sub(r"\s+", " ", message).strip()[:MOST_WORDS] or "no message"


def in_success(body: dict[str, Any], connection: Connection) -> Busy | Refused | Rejected:
    """The exception for a body that came with 200 and holds an error, or no answer."""
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else None
    if status is not None:
        return failed(status, {}, message_of(body), connection)
    words = redacted(message_of(body), connection) if error else "a body without an answer"
    return Busy(f"{connection.provider} sent {words} for {connection.model}", billed=True)


def _mend(status: int, connection: Connection) -> str:
    held = f"the key in {connection.key_env}" if connection.key_env else "whether the server wants a key"
    if status in {401, 403}:
        return f"Check {held} and what it may use"
    if status == 404:
        return "Check the model's name and the address"
    if 300 <= status < 400:
        return "Check the address: it sends requests elsewhere"
    return f"Check the account, the model's name and {held}"
