"""OpenAI's batch interface: a file of requests, a batch over it, and two files of what came of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from pricer.predictors.batcher import Found, Mark, Result, Status
from pricer.predictors.chat.batch_requests import ChatBatches, count, id_of
from pricer.predictors.chat.failures import message_of, redacted
from pricer.predictors.protocol import Busy, Guess, Refused
from pricer.products.items import Listing

ENDED = frozenset({"completed", "expired", "cancelled"})
QUEUE_FULL = frozenset({"token_limit_exceeded", "request_limit_exceeded"})
PAGE, MOST_PAGES = 100, 50
CLOCKS_DIFFER_S = 3600.0


class OpenAIBatches(ChatBatches):
    """A `Batcher` over /v1/files and /v1/batches. A batch carries its mark in its metadata."""

    most_requests = 50_000
    most_bytes = 190 * 10**6  # the provider takes 200 MB

    def size_bytes(self, listing: Listing) -> int:
        """The bytes of this listing's line, its name at the longest."""
        return len(self._line(listing, "-" * 64))

    async def submit(self, listings: Sequence[Listing], mark: Mark) -> str:
        """The new batch's id."""
        client = self.opened()
        data = b"".join(self._line(one, mark.custom_id(one.id)) for one in listings)
        file = await client.upload(f"assay-{mark.chunk}.jsonl", data)
        made = await client.create(
            "/batches",
            {
                "input_file_id": file,
                "endpoint": self._endpoint,
                "completion_window": "24h",
                "metadata": {"assay_run": mark.run, "assay_chunk": mark.chunk},
            },
        )
        return self.handed_over(id_of(made))

    async def find(self, mark: Mark, count: int, since: float, known: Collection[str]) -> Found:  # noqa: ARG002 - metadata decide
        """The batch whose metadata hold the mark; never undecided."""
        after = ""
        for _ in range(MOST_PAGES):
            listed = await self.opened().get(f"/batches?limit={PAGE}{after}")
            batches = [one for one in listed.get("data") or [] if isinstance(one, dict)]
            for one in batches:
                told = one.get("metadata") or {}
                if (
                    told.get("assay_run") == mark.run
                    and told.get("assay_chunk") == mark.chunk
                    and id_of(one) not in known
                ):
                    return Found(id_of(one))
            if not listed.get("has_more") or not batches or batches[-1].get("created_at", 0) < since - CLOCKS_DIFFER_S:
                break
            after = f"&after={id_of(batches[-1])}"
        return Found(None)

    async def poll(self, batch: str) -> Status:
        """How far the batch is."""
        told = await self.opened().get(f"/batches/{batch}")
        counts = told.get("request_counts")
        done, total, failures = count(counts, "completed", "failed"), count(counts, "total"), count(counts, "failed")
        if told.get("status") in ENDED:
            return Status("ended", done, total, failures)
        if told.get("status") != "failed":
            return Status("running", done, total, failures)
        errors = (told.get("errors") or {}).get("data") or []
        why = redacted("; ".join(message_of(error) for error in errors), self.asker.connection)
        full = any(isinstance(error, dict) and error.get("code") in QUEUE_FULL for error in errors)
        return Status("full" if full else "failed", done, total, failures, why)

    async def results(self, batch: str) -> AsyncIterator[Result]:
        """What became of each request: those that were answered, then those that were not."""
        client = self.opened()
        told = await client.get(f"/batches/{batch}")
        for name in ("output_file_id", "error_file_id"):
            file = told.get(name)
            if file:
                for row in self.rows(await client.content(f"/files/{file}/content"), f"file {file}"):
                    yield Result(str(row.get("custom_id")), self._outcome_of(row, batch))

    async def cancel(self, batch: str) -> None:
        """Ask the provider to end the batch."""
        await self.opened().post(f"/batches/{batch}/cancel", {})

    @property
    def _endpoint(self) -> str:
        return f"/v1{self._api.PATH}"

    def _line(self, listing: Listing, custom_id: str) -> bytes:
        row = {"custom_id": custom_id, "method": "POST", "url": self._endpoint, "body": self.body(listing)}
        return json.dumps(row, separators=(",", ":")).encode() + b"\n"

    def _outcome_of(self, row: dict[str, Any], batch: str) -> Guess | Busy | Refused:
        response = row.get("response")
        if isinstance(response, dict) and isinstance(response.get("status_code"), int):
            body = response.get("body")
            if response["status_code"] == 200 and isinstance(body, dict):
                return self.answered(body)
            return self.failed(response["status_code"], body, batch)
        # The request was never made: the batch expired or was cancelled.
        return Busy(redacted(message_of(row.get("error") or "no response"), self.asker.connection))
