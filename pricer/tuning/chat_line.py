"""One line of a training file in chat form: its messages, or what is wrong with it and where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from pricer.products.messages import MONEY, SIGNS, stated_price
from pricer.products.money import nearest_dollar

ROLES = ("system", "user", "assistant")
MESSAGE_KEYS = frozenset({"role", "content", "name", "weight"})
OTHER_ROLES = {
    "developer": "system", "human": "user", "customer": "user", "ai": "assistant", "bot": "assistant", "gpt": "assistant", "model": "assistant",
}  # fmt: skip
OTHER_FORMS = {
    "prompt": "prompt and completion",
    "conversations": "ShareGPT",
    "instruction": "Alpaca",
    "text": "plain text",
}
# An answer with cents or a sign of money is a price; "3" may be anything.
PRICE = re.compile(r"\$\s?(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*\.\d\d)")
MOST_PRICE_CHARACTERS = 16
HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: `kind` is a key of `chat_file.MENDS`. It stands at character `at` of the line, from 0, or at the value that `path`
    leads to; the column of the latter is worked out by `column` for the few that are shown."""

    kind: str
    found: str
    at: int = 0
    path: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line as read: its messages when nothing is wrong with its form, else the faults."""

    messages: tuple[Message, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def question(self) -> tuple[Message, ...]:
        """All turns before the last."""
        return self.messages[:-1]

    @property
    def answer(self) -> str:
        """What the model is to learn to say: the last turn's words."""
        return self.messages[-1].content


def read_line(text: str) -> Line:
    """The line's conversation, or every fault of its form. Any text is read without an error."""
    try:
        told = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        return Line(faults=(_json_fault(text, error),))
    except _Odd as odd:
        return Line(faults=(Fault(odd.kind, odd.found, max(0, text.rfind(odd.word))),))
    except RecursionError:
        return Line(faults=(Fault("json", "brackets nested too deep"),))
    except ValueError as error:  # a number of thousands of digits
        return Line(faults=(Fault("json", f"{error!s:.60}"),))
    if faults := tuple(_faults(told)):
        return Line(faults=faults)
    return Line(tuple(Message(one["role"], one["content"]) for one in told["messages"]))


def truth_in(question: str, answer: str) -> str | None:
    """Where the question states the price that is the answer, to the cent or as an amount that rounds to it; None when the answer is no price."""
    price = PRICE.fullmatch(answer.strip()) if len(answer) <= MOST_PRICE_CHARACTERS else None
    if price is None:
        return None
    usd = float((price[1] or price[2]).replace(",", ""))
    return stated_price(question, usd) or _rounding_to(question, usd)


def column(text: str, path: Sequence[str | int]) -> int:
    """The column, from 1, at which the value under `path` begins in a line that is valid JSON; column 1 for the line itself."""
    at = _past_blanks(text, 0)
    for step in path:
        at = _inside(text, at, step)
    return at + 1


class _Odd(Exception):
    """JSON that Python reads and others do not, or read otherwise."""

    def __init__(self, kind: str, found: str, word: str) -> None:
        super().__init__(found)
        self.kind, self.found, self.word = kind, found, word


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise _Odd("twice", f"the key {twice!r:.40} stands twice in one object", json.dumps(twice))
    return told


def _no_constant(name: str) -> NoReturn:
    raise _Odd("json", f"{name} is no JSON", name)


def _json_fault(text: str, error: json.JSONDecodeError) -> Fault:
    """A trailing comma by its name, anything else in the parser's words."""
    at, ahead = error.pos, text[: error.pos].rstrip()
    here = text[at : at + 1]
    if here and here in "}]" and ahead.endswith(","):
        return Fault("comma", f"a comma before {here}", len(ahead) - 1)
    if here == "," and text[at + 1 :].lstrip()[:1] in {"", "}", "]"}:
        return Fault("comma", "a comma after the last value", at)
    if error.msg == "Extra data":
        return Fault("json", f"more after the end of the object: {text[at : at + 20]!r}", at)
    if here == "'":
        return Fault("json", "single quotes, as Python prints a dict", at)
    if at >= len(text.rstrip()):
        return Fault("json", "the line ends inside of the object", at)
    return Fault("json", f"{error.msg[:1].lower()}{error.msg[1:]}", at)


def _faults(told: Any) -> Iterator[Fault]:
    if not isinstance(told, dict):
        yield Fault("object", f"found {_kind(told)}")
        return
    yield from (Fault("key", f"the key {key!r:.40} beside messages", path=(key,)) for key in told if key != "messages")
    messages = told.get("messages")
    if "messages" not in told:
        form = next((name for key, name in OTHER_FORMS.items() if key in told), None)
        yield Fault("messages", f"no key messages{f': this looks like the form {form}' if form else ''}")
    elif not isinstance(messages, list) or not messages:
        yield Fault("messages", f"messages is {_kind(messages) if messages else 'empty'}", path=("messages",))
    else:
        for place, message in enumerate(messages):
            yield from _message_faults(message, ("messages", place))
        yield from _order_faults([one.get("role") if isinstance(one, dict) else None for one in messages])


def _message_faults(message: Any, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if not isinstance(message, dict):
        yield Fault("messages", f"a message is {_kind(message)}", path=path)
        return
    yield from (
        Fault("key", f"the key {key!r:.40} in a message", path=(*path, key))
        for key in message
        if key not in MESSAGE_KEYS
    )
    role = message.get("role")
    if "role" not in message:
        yield Fault("role", "a message has no role", path=path)
    elif role not in ROLES:
        meant = OTHER_ROLES.get(str(role).lower(), str(role).lower() if str(role).lower() in ROLES else None)
        yield Fault("role", f"the role {role!r:.40}{f', which is {meant} here' if meant else ''}", path=(*path, "role"))
    yield from _content_faults(message, path)


def _content_faults(message: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Fault]:
    content, inner = message.get("content"), (*path, "content")
    if "content" not in message:
        yield Fault("content", "a message has no content", path=path)
    elif not isinstance(content, str):
        yield Fault("content", f"the content is {_kind(content)}", path=inner)
    elif not content.strip():
        yield Fault("content", "the content is empty", path=inner)
    elif HALF_CHARACTER.search(content):
        yield Fault("content", "the content holds half of a character (a lone surrogate)", path=inner)
    if "weight" in message and message["weight"] not in (0, 1):
        yield Fault("key", "a weight other than 0 and 1", path=(*path, "weight"))


def _order_faults(roles: list[Any]) -> Iterator[Fault]:
    last = len(roles) - 1
    if "assistant" not in roles:
        yield Fault("assistant", "no assistant turn")
    elif roles[last] != "assistant":
        yield Fault("last", f"the last turn is {roles[last]!r:.40}", path=("messages", last))
    if "user" not in roles:
        yield Fault("user", "no user turn")
    yield from (
        Fault("system", f"a system turn at place {place + 1}", path=("messages", place))
        for place, role in enumerate(roles)
        if role == "system" and place
    )


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _rounding_to(question: str, usd: float) -> str | None:
    """An amount of money that rounds to a whole answer: $43.99 where the answer is 44.00."""
    lowered = question.lower()
    if usd != int(usd) or not any(sign in lowered for sign in SIGNS):
        return None
    for found in MONEY.finditer(question):
        number = next(group for group in found.groups() if group).rstrip(".,").replace(",", "")
        if len(number) <= MOST_PRICE_CHARACTERS and number.count(".") < 2 and nearest_dollar(float(number)) == usd:
            return found.group()
    return None


def _inside(text: str, at: int, step: str | int) -> int:
    """Where the value under one key or place begins, in the object or list that begins at `at`."""
    decoder, place = json.JSONDecoder(), 0
    at = _past_blanks(text, at + 1)
    while True:
        key: str | int = place
        if isinstance(step, str):
            key, end = decoder.raw_decode(text, at)
            at = _past_blanks(text, _past_blanks(text, end) + 1)
        if key == step:
            return at
        _, end = decoder.raw_decode(text, at)
        at = _past_blanks(text, _past_blanks(text, end) + 1)
        place += 1


def _past_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in {" ", "\t", "\r", "\n"}:
        at += 1
    return at
