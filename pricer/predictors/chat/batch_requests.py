"""What both batch interfaces share: a chat model's requests put into a batch, and the reading of what comes back."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pricer.predictors.chat.chat import APIS, ChatModel
from pricer.predictors.chat.client import Client
from pricer.predictors.chat.failures import failed, in_success, message_of, redacted
from pricer.predictors.protocol import Busy, Guess, Refused, Rejected, Usage
from pricer.products.items import Listing

WAIT_S = 600.0  # a batch's requests or answers are up to some 200 MB
PARAMETERS_BLAMED = (400, 422)


class BatchClient(Client):
    """The chat's client, which also reads and uploads files."""

    async def get(self, path: str) -> dict[str, Any]:
        """The object at an address."""
        return self._parsed(await self.content(path))

    async def content(self, path: str) -> bytes:
        """The bytes at an address, whole."""
        response = await self._guarded(lambda: self._client.get(path, cast_to=self._http.Response))  # type: ignore[attr-defined]
        content: bytes = response.content
        return content

    async def upload(self, name: str, data: bytes) -> str:
        """The id of a new file for batches. Nobody is billed for a file, so a broken upload may be made again."""
        files = self._client.files  # type: ignore[attr-defined]
        try:
            made = await self._guarded(lambda: files.create(file=(name, data), purpose="batch"))
        except Busy as busy:
            raise Busy(str(busy), slow_down=busy.slow_down, after_s=busy.after_s) from None
        return str(made.id)

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The batch that was made. Only a rate limit says that none was; after any other failure there may be one: `Busy.billed`."""
        try:
            return await self.post(path, body)
        except Busy as busy:
            raise Busy(str(busy), slow_down=busy.slow_down, after_s=busy.after_s, billed=not busy.slow_down) from None

    async def _guarded(self, call: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await call()
        except self._sdk.APIStatusError as error:
            raise self._status(error) from None
        except self._failures as error:
            raise self._broken(error) from None


class ChatBatches:
    """A chat model's side of a batch interface: what is sent for a listing and what an answer means."""

    def __init__(self, model: ChatModel) -> None:
        self.asker = model
        self._api = APIS[model.connection.api]
        self._client: BatchClient | None = None
        self._left_out: dict[str, frozenset[str]] = {}

    async def close(self) -> None:
        """Give connections back."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        await self.asker.close()

    def opened(self) -> BatchClient:
        """The client, opened when it is first asked for."""
        if self._client is None:
            self._client = BatchClient(self.asker.connection, WAIT_S)
        return self._client

    def body(self, listing: Listing) -> dict[str, Any]:
        """The request for a listing, the same as when it is asked alone."""
        return self.asker._request(listing)

    def answered(self, body: dict[str, Any]) -> Guess | Busy | Refused:
        """What a body that came with success says. When it was made is not known, so there is no latency."""
        answered = self._api.answered(body)
        if answered is None:
            return self._outcome(in_success(body, self.asker.connection))
        return replace(self.asker._guess(answered, 0.0), latency_s=None)

    def failed(self, status: int, body: object, batch: str) -> Guess | Busy | Refused:
        """What a request's own HTTP status says. A parameter that the provider refuses is left out of the next batch."""
        message = message_of(body)
        if status in PARAMETERS_BLAMED and self._better_without(message, batch):
            return Busy(redacted(message, self.asker.connection))
        return self._outcome(failed(status, {}, message, self.asker.connection))

    def handed_over(self, batch: str) -> str:
        """The batch's id; what its requests left out is remembered."""
        self._left_out[batch] = frozenset(self.asker.dropped)
        return batch

    def _better_without(self, message: str, batch: str) -> bool:
        """Whether the message blames a parameter that the next batch leaves out and this one did not."""
        if self.asker._drops(message, set(self.asker.dropped)):
            return True
        newly = self.asker.dropped - self._left_out.get(batch, frozenset())
        words = message.casefold()
        blamed = {wish for word, wish in self._api.OPTIONAL.items() if word in words}
        return bool(blamed & newly) or ("max_tokens" in newly and "max_completion_tokens" in words)

    def _outcome(self, failure: Busy | Refused | Rejected) -> Guess | Busy | Refused:
        if isinstance(failure, Rejected):
            return Guess(failure=f"rejected: {failure}", usage=Usage(0, 0))
        return failure

    def rows(self, content: bytes, what: str) -> Iterator[dict[str, Any]]:
        """The objects of a JSONL file; `Busy` when one is broken: the download may have been cut short."""
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                yield self._row(line, f"{what}, line {number}")

    def _row(self, line: bytes, where: str) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            return row
        found = redacted(line[:60].decode("utf-8", "replace"), self.asker.connection)
        raise Busy(f"{self.asker.connection.provider}, {where}: wanted a JSON object, found {found!r}")


def count(counts: object, *names: str) -> int:
    """The sum of these counts, of those that are there."""
    found = [counts.get(name) for name in names] if isinstance(counts, dict) else []
    return sum(one for one in found if isinstance(one, int))


def id_of(batch: dict[str, Any]) -> str:
    """The batch's id; `Busy` when the reply states none, since there may be a batch all the same."""
    found = batch.get("id")
    if not isinstance(found, str) or not found:
        raise Busy("the reply names no batch", billed=True)
    return found
