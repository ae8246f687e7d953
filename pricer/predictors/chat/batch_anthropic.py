"""Anthropic's message batches: requests in one body, results as lines."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from pricer.predictors.batcher import Found, Mark, Result, Status
from pricer.predictors.chat.batch_requests import ChatBatches, count, id_of
from pricer.predictors.protocol import Busy, Guess, Refused
from pricer.products.items import Listing

PATH = "/v1/messages/batches"
COUNTS = ("processing", "succeeded", "errored", "canceled", "expired")
# An error in a result states its kind, not its status: these are the statuses that the provider's reference gives to kinds.
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
PAGE, MOST_PAGES = 100, 50
CLOCKS_DIFFER_S = 3600.0


class AnthropicBatches(ChatBatches):
    """A `Batcher` over /v1/messages/batches. A batch here carries no metadata: its mark stands in the names of its requests, which are
    told only with the results."""

    most_requests = 100_000
    most_bytes = 240 * 10**6  # the provider takes 256 MB

    def size_bytes(self, listing: Listing) -> int:
        """The bytes of this listing's request, its name at the longest."""
        return len(json.dumps(self._request(listing, "-" * 64))) + 1

    async def submit(self, listings: Sequence[Listing], mark: Mark) -> str:
        """The new batch's id."""
        requests = [self._request(one, mark.custom_id(one.id)) for one in listings]
        return self.handed_over(id_of(await self.opened().create(PATH, {"requests": requests})))

    async def find(self, mark: Mark, count: int, since: float, known: Collection[str]) -> Found:
        """The batch whose requests bear the mark; one of the same size that still runs may be it."""
        undecided = 0
        for one in await self._listed(since):
            if id_of(one) in known or _counted(one) != count or one.get("archived_at"):
                continue
            if one.get("processing_status") != "ended":
                undecided += 1
            elif await self._bears(id_of(one), mark):
                return Found(id_of(one))
        return Found(None, undecided)

    async def poll(self, batch: str) -> Status:
        """How far the batch is. The provider counts requests as done only once the whole batch is."""
        told = await self.opened().get(f"{PATH}/{batch}")
        counts = told.get("request_counts")
        failures = count(counts, "errored", "canceled", "expired")
        state = "ended" if told.get("processing_status") == "ended" else "running"
        return Status(state, count(counts, "succeeded") + failures, count(counts, *COUNTS), failures)  # type: ignore[arg-type]

    async def results(self, batch: str) -> AsyncIterator[Result]:
        """What became of each request."""
        for row in self.rows(await self._results(batch), f"results of {batch}"):
            yield Result(str(row.get("custom_id")), self._outcome_of(row.get("result"), batch))

    async def cancel(self, batch: str) -> None:
        """Ask the provider to end the batch."""
        await self.opened().post(f"{PATH}/{batch}/cancel", {})

    def _request(self, listing: Listing, custom_id: str) -> dict[str, Any]:
        return {"custom_id": custom_id, "params": self.body(listing)}

    async def _results(self, batch: str) -> bytes:
        # Not from `results_url`: the key goes to the address that the user named, and to no other.
        return await self.opened().content(f"{PATH}/{batch}/results")

    async def _listed(self, since: float) -> list[dict[str, Any]]:
        """The batches begun since then, newest first."""
        found: list[dict[str, Any]] = []
        after = ""
        for _ in range(MOST_PAGES):
            listed = await self.opened().get(f"{PATH}?limit={PAGE}{after}")
            page = [one for one in listed.get("data") or [] if isinstance(one, dict)]
            fresh = [one for one in page if _begun(one) >= since - CLOCKS_DIFFER_S]
            found += fresh
            if not listed.get("has_more") or not page or len(fresh) < len(page):
                break
            after = f"&after_id={id_of(page[-1])}"
        return found

    async def _bears(self, batch: str, mark: Mark) -> bool:
        first = next(self.rows(await self._results(batch), f"results of {batch}"), {})
        return str(first.get("custom_id")).startswith(f"{mark.chunk}-")

    def _outcome_of(self, result: object, batch: str) -> Guess | Busy | Refused:
        kind = result.get("type") if isinstance(result, dict) else None
        if not isinstance(result, dict) or kind not in ("succeeded", "errored"):
            return Busy(f"the request was not made: {kind}")
        if kind == "succeeded":
            return self.answered(result.get("message") or {})
        error = result.get("error")
        inner = error.get("error", error) if isinstance(error, dict) else {}
        kind = str(inner.get("type")) if isinstance(inner, dict) else ""
        return self.failed(STATUSES.get(kind, 500), inner, batch)


def _counted(batch: dict[str, Any]) -> int:
    return count(batch.get("request_counts"), *COUNTS)


def _begun(batch: dict[str, Any]) -> float:
    """When the batch was made, as a Unix time; the end of time when it cannot be read, so that it is looked at."""
    try:
        return dt.datetime.fromisoformat(str(batch.get("created_at")).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return float("inf")
