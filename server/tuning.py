"""The tool that fine-tunes: a plan first, the user's word, then a job. `get_job` and `cancel_job` know its jobs too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import anyio
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.resolve import AcceptedElicitation, Elicit, ElicitationResult, Resolve
from mcp_types import CallToolResult
from pydantic import BaseModel, Field

from pricer.errors import BadInput
from server.arguments import dollars, flag, said, text, whole
from server.entry import ASKS_OTHERS, Entry, compact

if TYPE_CHECKING:
    from pricer.tuning.record import Record

MOST_EXAMPLES, MOST_EPOCHS, MOST_BATCH = 1_000_000, 100, 4096
SHOW_FIRST = "Nothing was started. Show the user this plan; once they agree, call again with confirm=true{cap}."
SHOWN_EVENTS = 3


class Tuned(BaseModel):
    """The answer of `start_fine_tune`."""

    state: Literal["plan", "queued", "running", "paused", "done", "stopped", "failed"]
    next: str
    job_id: str
    plan: dict[str, Any] = {}
    progress: dict[str, Any] = {}


class Go(BaseModel):
    """What the user is asked to fill in."""

    approve: bool = Field(description="Start this training")


@dataclass(frozen=True, slots=True)
class Draft:
    """A training that could be started: its plan, kept in its record, and what it may cost."""

    plan: dict[str, Any]
    hosted: bool
    cap_usd: Decimal | None

    @property
    def obstacle(self) -> str | None:
        """Why it cannot be started; None when it can."""
        if not self.hosted:
            return None
        usd = self.plan["estimate"]["usd"]
        if usd is None:
            return f"What it costs is not known: {self.plan['estimate']['probe']}. Nothing was sent."
        if self.cap_usd is None or self.cap_usd < Decimal(usd):
            return f"It is expected to cost ${usd}: name a max_cost_usd of at least that, agreed to by the user. Nothing was sent."
        return None

    def question(self) -> str:
        """What the user is asked."""
        plan, data = self.plan, self.plan["data"]
        cost = (
            f"at {plan['method']} for ${plan['estimate']['usd']}, at most ${self.cap_usd}"
            if self.hosted
            else "on this machine, free"
        )
        sent = " The examples are sent there." if self.hosted else ""
        return f"Fine-tune {plan['base']} on {data['n_train']:,} examples of {data['name']}, {plan['schedule']['steps']:,} steps, {cost}?{sent}"


def draft(  # noqa: PLR0913, PLR0917 - a resolver takes its arguments by name
    dataset: Any, method: Any, base: Any, epochs: Any, learning_rate: Any, batch_size: Any, train: Any, max_cost_usd: Any, confirm: Any
) -> Draft:  # fmt: skip
    """The plan, for the question and for the answer; it is kept, nothing is started."""

    def made() -> Draft:
        from pricer.evaluation.material import Wanted
        from pricer.tuning.hosted.host import hosts
        from pricer.tuning.knobs import Knobs

        flag("confirm", confirm)
        how = text("method", "encoder" if method is None else method, "encoder, lora, openai, together or fireworks")
        name = (
            None
            if base is None
            else text("base", base, "what is tuned: minilm, local/smollm2-135m or the host's model")
        )
        knobs = Knobs(
            learning_rate=None if learning_rate is None else _number("learning_rate", learning_rate),
            epochs=1.0 if epochs is None else _number("epochs", epochs, MOST_EPOCHS),
            batch_size=whole("batch_size", batch_size, 1, MOST_BATCH, 16) or 16,
        )
        wanted = Wanted(
            text("dataset", dataset, "the name of a loaded data set"), train=whole("train", train, 1, MOST_EXAMPLES)
        )
        hosted = how in hosts()
        return Draft(_plan(how, name, wanted, knobs, hosted), hosted, dollars("max_cost_usd", max_cost_usd))

    return said(made)


def go(ctx: Context, offer: Annotated[Draft, Resolve(draft)], confirm: Any) -> Elicit[Go] | None:
    """The question to the user, where the client can ask; None where there is no question."""
    from server.measuring import can_ask

    if offer.obstacle or confirm is False or not can_ask(ctx):
        return None
    return Elicit(offer.question(), Go)


async def start_fine_tune(  # noqa: PLR0913, PLR0917 - the resolvers take their arguments from here by name
    ctx: Context,  # noqa: ARG001
    offer: Annotated[Draft, Resolve(draft)],
    answer: Annotated[ElicitationResult[Go], Resolve(go)],
    dataset: Any = None,  # noqa: ARG001
    method: Any = None,  # noqa: ARG001
    base: Any = None,  # noqa: ARG001
    epochs: Any = None,  # noqa: ARG001
    learning_rate: Any = None,  # noqa: ARG001
    batch_size: Any = None,  # noqa: ARG001
    train: Any = None,  # noqa: ARG001
    max_cost_usd: Any = None,  # noqa: ARG001
    confirm: Any = None,
) -> Annotated[CallToolResult, Tuned]:
    """Fine-tune on a loaded data set, as a job: a small encoder or LLM on this machine, or a host's model. It first returns the plan
    (steps, cost, doubts) and starts nothing unless the user approves. A stopped job goes on."""
    from pricer.tuning.elsewhere import set_off
    from pricer.tuning.record import record_of

    record = record_of(offer.plan["id"])
    if refused := _not_yet(offer, answer, confirm):
        return compact({"state": "plan", "next": refused, "job_id": record.id, "plan": shown(offer.plan)})
    await anyio.to_thread.run_sync(lambda: said(lambda: set_off(record, offer.cap_usd)))
    return compact(document(record))


def is_tuning(job_id: Any) -> bool:
    """Whether a job of that name is a fine-tuning."""
    from pricer.tuning.record import record_of

    if not isinstance(job_id, str):
        return False
    try:
        record_of(job_id)
    except BadInput:
        return False
    return True


async def waited(ctx: Context, job_id: str, wait_s: float) -> dict[str, Any]:
    """Where a fine-tuning stands, when it has ended or after `wait_s`; the client hears its steps."""
    from pricer.tuning.elsewhere import standing
    from pricer.tuning.record import record_of

    record, until_s, told = record_of(job_id), anyio.current_time() + wait_s, 0
    while True:
        status = await _apart(lambda: standing(record))
        if status.state not in ("running", "queued") or anyio.current_time() >= until_s:
            return document(record)
        if status.step > told:
            told = status.step
            await ctx.report_progress(status.step, status.steps or None, "training")
        await anyio.sleep(0.5)


def cancelled(job_id: str) -> dict[str, Any]:
    """Where it stands once it was asked to end."""
    from pricer.tuning.elsewhere import called_off, is_hosted
    from pricer.tuning.record import record_of

    record = record_of(job_id)
    asked = called_off(record)
    if asked and not is_hosted(record):
        return document(record) | {
            "next": "It stops after the step in hand, with a checkpoint; the same call of start_fine_tune goes on."
        }
    return document(record)


def recent() -> list[dict[str, Any]]:
    """The last fine-tunings, as rows of the list of jobs."""
    from pricer.tuning.record import records

    return [
        {"job_id": record.id, "state": record.status().state, "for": record.plan()["data"]["name"]}
        for record in records()[:10]
    ]


def document(record: Record) -> dict[str, Any]:
    """A fine-tuning as a model reads it."""
    from pricer.tuning.elsewhere import standing

    status = standing(record)
    progress = {
        "step": status.step, "steps": status.steps, "best_step": status.best_step, status.metric_name: status.best_metric,
        "elapsed_s": round(status.elapsed_s), "events": [event.text for event in record.events()[-SHOWN_EVENTS:]],
    }  # fmt: skip
    state = "plan" if status.state == "planned" else status.state
    return {"state": state, "next": _next(record, status.state, status.why), "job_id": record.id, "progress": progress}


def shown(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan without what no reader needs."""
    times = plan["schedule"]
    return {
        "method": plan["method"], "base": plan["base"], "data": {name: plan["data"][name] for name in ("name", "n_train", "n_validation")},
        "schedule": {name: times[name] for name in ("steps", "steps_per_epoch", "effective_batch", "warmup_steps")},
        "knobs": {name: plan["knobs"][name] for name in ("learning_rate", "batch_size", "epochs", "weight_decay", "seed")},
        "doubts": plan["doubts"], "estimate": plan["estimate"], "notes": plan["notes"],
    }  # fmt: skip


def _plan(how: str, base: str | None, wanted: Any, knobs: Any, hosted: bool) -> dict[str, Any]:
    from pricer.installed import require

    require("tuning a model", "full", "numpy", "torch", "transformers", "pyarrow")
    if hosted:
        from pricer.tuning.elsewhere import plan_at
        from server.tools import today

        return plan_at(how, base, wanted, knobs, today())
    from pricer.tuning.local import method_of
    from pricer.tuning.plan import Wish, kept

    return kept(Wish(method_of(how), wanted, base, knobs))


def _not_yet(offer: Draft, answer: Any, confirm: Any) -> str | None:
    """Why nothing is started, in words that say what to do; None when it may be.

    A client that can ask its user always does. Where it cannot, the model's `confirm` counts, at a host together with the cap.
    """
    if confirm is False or offer.obstacle:
        return offer.obstacle or "A plan only: nothing was started. Leave confirm out to go on."
    if isinstance(answer, AcceptedElicitation) and answer.data is None:
        return None if confirm else SHOW_FIRST.format(cap=" and that max_cost_usd" if offer.hosted else "")
    approved = isinstance(answer, AcceptedElicitation) and answer.data is not None and answer.data.approve
    return None if approved else "The user did not approve: nothing was started, nothing spent."


def _next(record: Record, state: str, why: str | None) -> str:
    if state == "done":
        return f"Whether it helped: the user runs assay tune verdict {record.id}, which measures it on the test items beside its base and baselines."
    if state in ("running", "queued"):
        return "get_job with this job_id and wait_s=45 tells how it goes on; it outlives this conversation. cancel_job stops it."
    if state == "failed":
        return f"It failed: {why}"
    return f"{why or 'It is not running.'} The same call goes on where it stopped."


def _number(name: str, value: Any, most: float = 10) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise BadInput(f"{name}: wanted a number above 0 and up to {most:g}, found {value!r:.40}")
    return float(value)


async def _apart(call: Callable[[], Any]) -> Any:
    return await anyio.to_thread.run_sync(lambda: said(call))


ENTRIES = (
    Entry(start_fine_tune, "Fine-tune a model", ASKS_OTHERS, {
        "dataset": (str, "A loaded data set"),
        "method": (str, "encoder (default), lora: here; openai, together, fireworks: hosts"),
        "base": (str, "minilm, local/smollm2-135m, or the host's model"),
        "epochs": (float, "Default 1; fractions too"),
        "learning_rate": (float, "Default 5e-5 encoder, 2e-4 lora"),
        "batch_size": (int, "Default 16"),
        "train": (int, "Learn from so many examples only"),
        "max_cost_usd": (float, "Hard cap, needed at a host"),
        "confirm": (bool, "true only once the user has agreed to the plan; false = plan alone"),
    }),
)  # fmt: skip
