"""A chat model as a predictor: asked for one listing at a time, its reply read with care, its tokens counted."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pricer.predictors.chat import anthropic_messages, openai_chat, openai_responses
from pricer.predictors.chat.answered import Answered, Api, Turn, Wishes
from pricer.predictors.chat.client import BadRequest, Client
from pricer.predictors.chat.failures import in_success
from pricer.predictors.chat.labels import read_label
from pricer.predictors.chat.providers import Connection, connection
from pricer.predictors.chat.replies import REFUSED, Reading, read_number
from pricer.predictors.chat.wording import Examples, Wording, most_similar_bytes, similar, wording
from pricer.predictors.protocol import Guess, Task, Usage
from pricer.products.items import Listing

if TYPE_CHECKING:
    from pricer.predictors.chat.local import LocalServer

APIS: dict[str, Api] = {
    "openai-chat": openai_chat,
    "openai-responses": openai_responses,
    "anthropic": anthropic_messages,
}
OPENAI_HOST = "api.openai.com"
PLAIN_OUTPUT_TOKENS, REASONING_OUTPUT_TOKENS = 24, 4096
TOKENS_A_MESSAGE, TOKENS_A_REQUEST, TOKENS_A_SCHEMA = (
    16,
    64,
    512,
)  # what chat templates and schema prompts may add; generous
CHARACTERS_A_TOKEN = 4.0  # of English listings; an estimate for bills, never a bound


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How a model is asked. None is the provider's default.

    `max_output_tokens` None means few for a plain model, and `REASONING_OUTPUT_TOKENS` for one that reasons before it answers.
    `structured` asks for JSON by schema where the provider knows how. `shots` are examples with answers, shown as earlier turns.
    `prompt` names another frame in prompts/ than the task's own. `similar` items are looked up for each listing and shown before it.
    """

    max_output_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    structured: bool = False
    shots: tuple[tuple[Listing, float | str], ...] = ()
    timeout_s: float = 60.0
    reasoning: bool = False
    reasoning_effort: str | None = None
    prompt: str | None = None
    similar: int = 0

    def deciding(self) -> dict[str, object]:
        """The settings that decide what is asked, but for the examples; one that came later is left out where it is not used."""
        told = {name: value for name, value in asdict(self).items() if name not in {"shots", "timeout_s"}}
        return {name: value for name, value in told.items() if value or name != "similar"}


class ChatModel:
    """A chat model as an `Asker`. Asking opens connections (and a local server); `close` gives them back.

    `found` holds the similar items of each listing, by its id, when the settings ask for some; until they are looked up, estimates
    reckon with the longest that they can be.
    """

    def __init__(
        self,
        connection: Connection,
        task: Task,
        settings: ChatSettings | None = None,
        server: LocalServer | None = None,
    ) -> None:
        self.connection, self.task, self.settings = connection, task, settings or ChatSettings()
        self.found: Mapping[str, Examples] | None = None
        self.dropped: set[str] = set()
        self.server = server
        self._api = APIS[connection.api]
        self._client: Client | None = None
        self._wordings = {form: self._wording(form) for form in {self.settings.structured, False}}
        self._ahead_bytes = {form: _bytes(made.before) for form, made in self._wordings.items()}

    @property
    def name(self) -> str:
        """provider/model."""
        return f"{self.connection.provider}/{self.connection.model}"

    @property
    def structured(self) -> bool:
        """Whether answers are asked for by schema: as set, until the provider has refused it."""
        return self.settings.structured and "schema" not in self.dropped

    @property
    def output_tokens(self) -> int:
        """The most tokens that an answer may have."""
        given = self.settings.max_output_tokens
        reasons = self.settings.reasoning or self.settings.reasoning_effort not in {None, "none"}
        least = max((len(label.encode()) for label in self.task.labels), default=0)
        return given or (REASONING_OUTPUT_TOKENS if reasons else PLAIN_OUTPUT_TOKENS + least)

    @property
    def prompt_hash(self) -> str:
        """sha256 over the words, the examples and the settings: two runs with the same hash and model asked the same questions."""
        made = self._wordings[self.settings.structured]
        settings = self.settings.deciding()
        whole = [settings, self.output_tokens, asdict(self.task), [asdict(turn) for turn in made.before], made.schema]
        return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def messages(self, listing: Listing) -> list[Turn]:
        """What the model reads for a listing: system, examples, the listing fenced off as data."""
        return self._wordings[self.structured].turns(listing, self._similar(listing))

    def worst_case(self, listing: Listing) -> Usage:
        """A bound on one attempt's tokens: a byte-level tokenizer never makes more tokens than a text has bytes."""
        form = self.structured
        made = self._wordings[form]
        words = (
            self._ahead_bytes[form] + len((listing.text or listing.title).encode()) + 64 + self._similar_bytes(listing)
        )
        extra = TOKENS_A_REQUEST + TOKENS_A_MESSAGE * (len(made.before) + 1) + self._schema_bytes(made)
        least = openai_responses.LEAST_OUTPUT_TOKENS if self.connection.api == "openai-responses" else 1
        return Usage(words + extra, max(self.output_tokens, least))

    def estimate(self, listing: Listing) -> Usage:
        """The likely tokens of one attempt, at four characters a token."""
        form = self.structured
        made = self._wordings[form]
        characters = self._ahead_bytes[form] + len(listing.text or listing.title) + 24 + self._similar_bytes(listing)
        extra = 4 * (len(made.before) + 1) + self._schema_bytes(made) // 16
        likely = self.output_tokens // 4 if self.output_tokens >= 256 else 8
        return Usage(int(characters / CHARACTERS_A_TOKEN) + extra, min(self.output_tokens, likely))

    async def ask(self, listing: Listing) -> Guess:
        """One attempt; a reply that cannot be read is a guess that failed. Raises `Busy`, `Refused` and `Rejected`.

        A parameter that the provider refuses is left out from then on, for the whole run, and stands in `dropped`.
        """
        client = await self._opened()
        while True:
            sent = self.dropped.copy()
            begun = time.perf_counter()
            try:
                body = await client.post(self._api.PATH, self._request(listing))
            except BadRequest as failure:
                if not self._drops(str(failure), sent):
                    raise
                continue
            latency_s = time.perf_counter() - begun
            answered = self._api.answered(body)
            if answered is None:
                raise in_success(body, self.connection)
            return self._guess(answered, latency_s)

    async def close(self) -> None:
        """Gives the connections back and ends the local server; asking again opens them anew."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        if self.server is not None:
            self.server.close()

    async def _opened(self) -> Client:
        if self.server is not None:
            await self._follow(self.server)
        if self._client is None:
            self._client = Client(self.connection, self.settings.timeout_s)
        return self._client

    async def _follow(self, server: LocalServer) -> None:
        """Starts the server, or takes up the address that it has now: another model that shares it may have restarted it."""
        here = server.connection(server.address or await server.started())
        if here != self.connection:
            stale, self._client, self.connection = self._client, None, here
            if stale is not None:
                await stale.close()

    def _wording(self, structured: bool) -> Wording:
        retrieves = self.settings.similar > 0
        return wording(self.task, self.settings.shots, structured, self.settings.prompt, retrieves=retrieves)

    def _similar(self, listing: Listing) -> Examples:
        assert not self.settings.similar or self.found is not None, (
            "similar items are looked up before anything is asked"
        )
        return self.found[listing.id] if self.found is not None else ()

    def _similar_bytes(self, listing: Listing) -> int:
        """How long the lines of the similar items are, in bytes; the most they can be while they are not looked up."""
        if not self.settings.similar:
            return 0
        if self.found is None:
            return most_similar_bytes(self.settings.similar)
        return len(similar(self.task, self.found[listing.id]).encode())

    def _schema_bytes(self, made: Wording) -> int:
        return 0 if made.schema is None else TOKENS_A_SCHEMA + len(json.dumps(made.schema))

    def _request(self, listing: Listing) -> dict[str, object]:
        made = self._wordings[self.structured]
        kept = {
            name: None if name in self.dropped else getattr(self.settings, name)
            for name in ("temperature", "seed", "reasoning_effort")
        }
        wishes = Wishes(self.output_tokens, **kept, schema=made.schema, schema_name=made.key)
        official = urlsplit(self.connection.base_url).hostname == OPENAI_HOST or "max_tokens" in self.dropped
        return self._api.request(self.connection.model, self.messages(listing), wishes, official)

    def _drops(self, message: str, sent: set[str]) -> bool:
        """Whether another request may succeed without a parameter that the provider blames, or since one was dropped meanwhile."""
        if sent != self.dropped:
            return True
        wished = {
            name for name in ("temperature", "seed", "reasoning_effort") if getattr(self.settings, name) is not None
        }
        wished |= {"schema"} if self.settings.structured else set()
        words = message.casefold()
        blamed = next(
            (wish for word, wish in self._api.OPTIONAL.items() if word in words and wish in wished - sent), None
        )
        if blamed is None and "max_completion_tokens" in words and "max_tokens" not in sent:
            blamed = "max_tokens"  # the same limit under its newer name
        if blamed is None:
            return False
        self.dropped.add(blamed)
        return True

    def _guess(self, answered: Answered, latency_s: float) -> Guess:
        reading = self._reading(answered)
        return Guess(
            value=reading.value,
            label=reading.label,
            failure=reading.fault,
            raw=redacted_reply(answered.text, self.connection),
            usage=answered.usage,
            model=self.connection.model
            if self.server is not None
            else answered.model,  # a local server tells its file's path
            latency_s=latency_s,
        )

    def _reading(self, answered: Answered) -> Reading:
        if answered.refused:
            return Reading(fault=REFUSED)
        read = read_label if self.task.is_label else read_number
        return read(answered.text, self.task, cut=answered.cut)


def chat_model(
    model: str, task: Task, settings: ChatSettings | None = None, base_url: str | None = None, api: str | None = None
) -> ChatModel:
    """The model written provider/name as an `Asker`; local/… runs within this process. `BadInput` says what is missing."""
    if model.startswith("local/") and base_url is None:
        from pricer.predictors.chat.local import LocalServer

        server = LocalServer.of(model.removeprefix("local/"))
        return ChatModel(server.connection("http://127.0.0.1:0"), task, settings, server)
    return ChatModel(connection(model, base_url, api), task, settings)


def redacted_reply(text: str, connection: Connection) -> str:
    """The reply word for word, but for the key, should a server echo it."""
    return text.replace(connection.key, "[key]") if len(connection.key) >= 8 else text


def _bytes(turns: tuple[Turn, ...]) -> int:
    return sum(len(turn.text.encode()) for turn in turns)
