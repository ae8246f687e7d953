"""What a host's refusal means, and what to do about it: one table of the faults that are known."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pricer.errors import BadInput, PricerError
from pricer.predictors.chat.failures import after_s, message_of, redacted
from pricer.predictors.chat.providers import Connection

AGAIN = frozenset({408, 425, 429})
START = "start the job"  # what a call was for


class Later(PricerError):
    """Another attempt may succeed: the host is busy, out of reach, or sent something that cannot be read. `after_s` is what it asks for."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = wait_s


class Missing(BadInput):
    """The host does not know what was asked for."""


class Gone(BadInput):
    """A file that was sent is no longer at the host."""


class Taken(BadInput):
    """Something of that name is already at the host, or is in a state that forbids the call."""


class Dear(BadInput):
    """The host wants more for a job than the cap allows; the job was ended at once."""


KINDS: dict[int, type[BadInput]] = {404: Missing, 409: Taken}


@dataclass(frozen=True, slots=True)
class Known:
    """A fault by the words that tell it, and what to do."""

    name: str
    words: re.Pattern[str]
    do: str


def _known(name: str, words: str, do: str) -> Known:
    return Known(name, re.compile(words, re.IGNORECASE), do)


CLOSED = (
    "OpenAI's self-serve fine-tuning is closed to new organisations, and job creation ends for all on 2027-01-06. Tune a model on this "
    "machine, or order from together or fireworks"
)
MONEY = "Add credit to the account at the host, or take fewer examples"
KNOWN = (
    _known("scope", r"insufficient permissions|missing scopes?|not have (?:the )?(?:permission|access) to (?:the )?fine",
           "The key may not do this: take one that may write files and fine-tuning jobs"),
    _known("money", r"insufficient_quota|exceeded your current quota|credit (?:balance|limit)|billing|insufficient (?:funds|credit)|payment",
           MONEY),
    _known("model", r"model_not_(?:found|available|supported)|unknown model|invalid model|model\b.{0,120}\b(?:does not exist|not found|"
           r"not available for fine-?tuning|not supported|cannot be (?:fine-?)?tuned)|not (?:available|supported) (?:for|on|by) (?:this|the) model",
           "Check the model's name: it must be one that this host tunes"),
    _known("closed", r"(?:fine-?tun\w*|training).{0,160}(?:no longer|not (?:currently |yet )?(?:available|eligible|permitted|allowed|enabled|"
           r"supported)|unavailable|closed|disabled|deprecated|wound down|winding down|shut(?:ting)? down|(?:cannot|may not|can't) create)|"
           r"organi[sz]ation.{0,80}(?:not (?:eligible|allowed|permitted)|cannot|may not).{0,60}fine-?tun", CLOSED),
    _known("moderation", r"moderation|usage polic|unsafe[ _]training|violate|content[ _]policy|safety (?:check|policy)",
           "The host's moderation turned the file down: take out the examples that break its rules, or tune on this machine; then plan a new "
           "job"),
    _known("gone", r"no such file|file.{0,80}(?:has expired|expired|deleted|no longer exists?|does not exist|not found)|"
           r"dataset.{0,80}(?:expired|deleted|no longer exists?|does not exist|not found)",
           "The file is gone at the host: run the same command again, and it is uploaded anew"),
    _known("format", r"invalid[ _](?:training|validation)?[ _]?file|file format|invalid json|not valid json|malformed|(?:line|example|row) \d+|"
           r"messages?'? (?:key|field)|invalid dataset|parse",
           "Mend the example that it names in the file, and plan a new job"),
)  # fmt: skip


def known(words: str) -> Known | None:
    """The fault that a host's words tell, if it is a known one."""
    return next((one for one in KNOWN if one.words.search(words)), None)


def advised(words: str) -> str:
    """A host's words, with what to do where that is known."""
    fault = known(words)
    return f"{words.rstrip('.')}. {fault.do}" if fault else words


def refusal(status: int, headers: Mapping[str, str], body: Any, link: Connection, doing: str) -> PricerError:
    """The error for a reply with an HTTP status that is no success."""
    words = redacted(message_of(body), link).rstrip(".")
    fault = known(words)
    found = f"{link.model} answered {status} when asked to {doing}: {words}"
    if (status in AGAIN or status >= 500) and not (fault and fault.name == "money"):
        return Later(f"{found}. Try again later; what was done so far is kept", after_s(headers, time.time()))
    if fault and fault.name == "gone" and doing == START:
        return Gone(f"{found}. {fault.do}")
    return KINDS.get(status, BadInput)(f"{found}. {_mend(status, link, doing, fault)}")


def _mend(status: int, link: Connection, doing: str, fault: Known | None) -> str:
    """What to do: a wrong key first, then what the words tell, then what the status tells."""
    if status == 401:
        return f"Check the key in {link.key_env}"
    if fault:
        return fault.do
    if status == 403 and doing == START and link.provider == "openai":
        return CLOSED
    if 300 <= status < 400:
        return f"Check the address {link.base_url}: it sends requests elsewhere"
    told = {402: MONEY, 403: f"Check what the key in {link.key_env} may do", 404: "Check the name and the address"}
    return told.get(status, "Check the order against what this host takes")
