"""Budgets of callers, kept around every tool call: so many a day, and no more dollars of caps a day than their owner allows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import CallToolResult, TextContent

from catalog.errors import BadInput
from pricer.request import DEFAULT_CAP_USD
from server.arguments import dollars
from server.http.identity import principal_of
from server.http.ledger import Ledger, Spent
from server.http.settings import Budget

FREE_MODELS = ("local/", "ollama/")
TRAINED_HERE = (None, "encoder", "lora")
UNDECIDING = ("max_cost_usd", "confirm")  # the same run with or without them
A_JOB = re.compile(r"\b[a-z][a-z-]{0,40}-[0-9a-f]{8}\b")  # any job that an error names: in doubt it began


class Budgets:
    """The SDK's middleware around every message; it looks at tool calls."""

    def __init__(self, ledger: Ledger, budget_of: Callable[[str], Budget], today: Callable[[], dt.date]) -> None:
        self._ledger, self._budget_of, self._today = ledger, budget_of, today

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """The answer of the tool, or in its place the refusal as a tool error, which the model reads."""
        if ctx.method != "tools/call":
            return await call_next(ctx)
        who = principal_of({} if ctx.request is None else ctx.request.scope)
        budget, day, params = self._budget_of(who), self._today(), ctx.params or {}
        try:
            if budget.calls is not None:
                self._ledger.count(who, budget.calls, day)
            cap_usd = cap_of(params)
            if cap_usd is None or budget.usd is None:
                return await call_next(ctx)
            run = _run(params)
            booking = self._ledger.reserve(who, run, cap_usd, budget.usd, day)
        except Spent as refusal:
            return CallToolResult(content=[TextContent(type="text", text=str(refusal))], is_error=True)
        result = await call_next(ctx)
        if nothing_began(result):
            self._ledger.release(booking)
        return result


def cap_of(params: Mapping[str, Any]) -> Decimal | None:
    """The most that a call may come to spend; None for one that spends nothing or will be refused by the tool itself."""
    arguments = params.get("arguments")
    cap = SPENDERS.get(str(params.get("name")))
    if cap is None or not isinstance(arguments, Mapping) or arguments.get("confirm") is False:
        return None
    try:
        return cap(arguments)
    except BadInput:  # the tool says the same of it, to the model
        return None


def nothing_began(result: HandlerResult) -> bool:
    """Whether a tool's answer says that it started nothing. In doubt it may have, and the cap stays booked."""
    if not isinstance(result, dict):
        return False
    if result.get("resultType") == "input_required":
        return True
    if result.get("isError"):
        return not A_JOB.search(json.dumps(result.get("content")))
    return (result.get("structuredContent") or {}).get("state") in ("estimate", "plan")


def _frontier(arguments: Mapping[str, Any]) -> Decimal | None:
    if str(arguments.get("model")).startswith(FREE_MODELS):
        return None
    return dollars("max_cost_usd", arguments.get("max_cost_usd")) or DEFAULT_CAP_USD


def _fine_tune(arguments: Mapping[str, Any]) -> Decimal | None:
    if arguments.get("method") in TRAINED_HERE:
        return None
    return dollars("max_cost_usd", arguments.get("max_cost_usd"))  # without one the tool orders nothing


SPENDERS: dict[str, Callable[[Mapping[str, Any]], Decimal | None]] = {
    "run_frontier_price": _frontier,
    "start_fine_tune": _fine_tune,
}


def _run(params: Mapping[str, Any]) -> str:
    deciding = {name: value for name, value in params["arguments"].items() if name not in UNDECIDING}
    told = json.dumps([params["name"], deciding], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
