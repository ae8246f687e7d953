"""The tools that measure: baselines, chat models, comparison, and the jobs that do the work. Long work never waits for a client."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import AcceptedElicitation, Elicit, ElicitationResult, Resolve
from mcp_types import CallToolResult
from pydantic import BaseModel, Field

from server import documents, jobs, tuning
from server.arguments import dollars, flag, names, said, text, whole
from server.cards import Wish
from server.entry import ASKS_OTHERS, MEASURES, READS, Entry, compact
from server.jobs import Job
from server.offers import Offer

WAIT_S = 20.0  # for a new job to finish; clients give a call about 60 s
LONGEST_WAIT_S = 45
SHORT_WAIT_S = 3.0  # for a job that is known to take longer
LOOK_S = 0.1
SHOW_FIRST = "Nothing was asked. Show the user this estimate; once they agree to a cap, call again with confirm=true and that max_cost_usd."
MOST_ITEMS, MOST_SHOTS, MOST_SIMILAR, MOST_RUNS, MOST_SEED = 100_000, 100, 50, 12, 2**31 - 1


class Measured(BaseModel):
    """The answer of the tools that measure, and of `cancel_job`; `job_id` and `run` are absent as long as there is none."""

    state: Literal["estimate", "plan", "queued", "running", "paused", "done", "stopped", "budget", "failed", "died"]
    next: str
    job_id: str = ""
    run: str = ""
    result: dict[str, Any] = {}
    estimate: dict[str, Any] = {}
    progress: dict[str, Any] = {}


class Looked(BaseModel):
    """The answer of `get_job`: one job as in `Measured`, or `jobs`, the last ones."""

    state: str = ""
    next: str
    progress: dict[str, Any] = {}
    result: dict[str, Any] = {}
    jobs: list[dict[str, Any]] = []


class ComparedRuns(BaseModel):
    """The answer of `compare_runs`; the order is judged where that was asked for."""

    verdict: list[str]
    rows: list[dict[str, Any]]
    n: int
    no_llm_needed: bool
    claims: list[dict[str, Any]] = []
    order_holds: bool | None = None


class Approval(BaseModel):
    """What the user is asked to fill in."""

    approve: bool = Field(description="Spend up to this cap")


async def run_baseline(
    ctx: Context, dataset: Any = None, predictor: Any = None, limit: Any = None, seed: Any = None
) -> Annotated[CallToolResult, Measured]:
    """Train a predictor that needs no key on a loaded data set and score it on its test part; never spends money. A short run answers
    at once, a longer one is a job for get_job."""

    def wish() -> Wish:
        return documents.baseline_wish(
            text("dataset", dataset, "the name of a loaded data set"),
            None if predictor is None else text("predictor", predictor, "the name of a predictor"),
            whole("limit", limit, 1, MOST_ITEMS),
            whole("seed", seed, 0, MOST_SEED, 0) or 0,
        )

    wished = await _apart(wish)
    expected_s = await _apart(lambda: documents.expected_s(wished))
    return await _started(ctx, wished, WAIT_S if expected_s <= WAIT_S else SHORT_WAIT_S)


def frontier_offer(
    dataset: Any, model: Any, limit: Any, max_cost_usd: Any, shots: Any, similar: Any, confirm: Any
) -> Offer:
    """What the run would cost, for the question and for the answer."""
    return said(lambda: _offer(dataset, model, limit, max_cost_usd, (shots, similar), confirm))


def approval(ctx: Context, offer: Annotated[Offer, Resolve(frontier_offer)], confirm: Any) -> Elicit[Approval] | None:
    """The question to the user, where money is at stake and the client can ask; None where there is no question."""
    if not offer.needs_approval or confirm is False or not can_ask(ctx):
        return None
    return Elicit(offer.question(), Approval)


async def run_frontier_price(  # noqa: PLR0913, PLR0917 - the resolvers take their arguments from here by name
    ctx: Context,
    offer: Annotated[Offer, Resolve(frontier_offer)],
    answer: Annotated[ElicitationResult[Approval], Resolve(approval)],
    dataset: Any = None,  # noqa: ARG001
    model: Any = None,  # noqa: ARG001
    limit: Any = None,  # noqa: ARG001
    max_cost_usd: Any = None,
    shots: Any = None,  # noqa: ARG001
    similar: Any = None,  # noqa: ARG001
    confirm: Any = None,
) -> Annotated[CallToolResult, Measured]:
    """Ask a chat model for each item and score the answers, as a job. It first returns an estimate and asks nothing, unless the user
    approves a cap. Called again it goes on where it stopped and pays for nothing twice."""
    if refused := _not_yet(offer, answer, confirm, max_cost_usd):
        return compact(documents.offer_document(offer, refused))
    return await _started(ctx, offer.wish, WAIT_S)


def compare_runs(runs: Any = None, ordered: Any = None) -> Annotated[CallToolResult, ComparedRuns]:
    """Runs side by side on the items that all answered: paired differences with intervals, which cannot be told apart, the cheapest of
    the best, whether an LLM is needed."""

    def compared() -> dict[str, Any]:
        named = names("runs", runs, "tfidf-ridge-sample-1a2b3c4d")
        return documents.compare_runs(named, bool(flag("ordered", ordered)), MOST_RUNS)

    return compact(said(compared))


async def get_job(ctx: Context, job_id: Any = None, wait_s: Any = None) -> Annotated[CallToolResult, Looked]:
    """How far a job is, or its result; without an id the last jobs."""
    if job_id is None:
        listed = await _apart(documents.jobs_document)
        return compact(listed | {"jobs": listed["jobs"] + await _apart(tuning.recent)})
    longest_s = said(lambda: whole("wait_s", wait_s, 0, LONGEST_WAIT_S, 0)) or 0
    if tuning.is_tuning(job_id):
        return compact(await tuning.waited(ctx, job_id, longest_s))
    return compact(documents.job_document(await _waited(ctx, _job_id(job_id), longest_s)))


def cancel_job(job_id: Any = None) -> Annotated[CallToolResult, Measured]:
    """Stop a job: calls in flight finish, all answers are kept, and the same call that started it goes on later. A host's fine-tuning ends
    for good."""

    if tuning.is_tuning(job_id):
        return compact(said(lambda: tuning.cancelled(job_id)))

    def cancelled() -> dict[str, Any]:
        asked = jobs.cancel(_job_id(job_id))
        return documents.cancelled_document(jobs.read(job_id), asked)

    return compact(said(cancelled))


ENTRIES = (
    Entry(run_baseline, "Run a baseline", MEASURES, {
        "dataset": (str, "A loaded data set: SELECT name FROM datasets"),
        "predictor": (str, "mean, median, features-linear, tfidf-ridge (default), boosting, best …"),
        "limit": (int, "Test items; unset = all"),
        "seed": (int, "Default 0"),
    }),
    Entry(run_frontier_price, "Run a chat model", ASKS_OTHERS, {
        "dataset": (str, "A loaded data set"),
        "model": (str, "provider/model; local/… and ollama/… cost nothing"),
        "limit": (int, "Test items, default 100"),
        "max_cost_usd": (float, "Hard cap on the run in all, default 1"),
        "shots": (int, "Training examples in the prompt, default 0"),
        "similar": (int, "Similar training items in the prompt, default 0"),
        "confirm": (bool, "true only once the user has agreed to max_cost_usd; false = estimate alone"),
    }, 2),
    Entry(compare_runs, "Compare runs", READS, {
        "runs": (list[str], "1-12 names of runs, or ids of their jobs"),
        "ordered": (bool, "Also test whether each is better than the next"),
    }),
    Entry(get_job, "Look at a job", READS, {
        "job_id": (str, "As returned"),
        "wait_s": (int, "Wait so long for its end, at most 45"),
    }, 0),
    Entry(cancel_job, "Cancel a job", MEASURES, {"job_id": (str, "As returned")}),
)  # fmt: skip


def _offer(dataset: Any, model: Any, limit: Any, max_cost_usd: Any, examples: tuple[Any, Any], confirm: Any) -> Offer:
    from server.offers import offer_of

    flag("confirm", confirm)
    return offer_of(
        Wish(
            kind="frontier",
            dataset=text("dataset", dataset, "the name of a loaded data set"),
            model=text("model", model, "provider/model, such as openai/gpt-5.1"),
            limit=whole("limit", limit, 1, MOST_ITEMS, 100),
            cap_usd=dollars("max_cost_usd", max_cost_usd),
            shots=whole("shots", examples[0], 0, MOST_SHOTS, 0) or 0,
            similar=whole("similar", examples[1], 0, MOST_SIMILAR, 0) or 0,
        )
    )


def _not_yet(offer: Offer, answer: Any, confirm: Any, max_cost_usd: Any) -> str | None:
    """Why the run is not started, in words that say what to do; None when it may be.

    A client that can ask its user always does: `confirm` is the word of a model. Where it cannot, that word counts together with the
    cap that it names.
    """
    if offer.obstacle or confirm is False:
        return offer.obstacle or "An estimate only: nothing was asked. Leave confirm out to go on."
    if offer.free:
        return None
    if not isinstance(answer, AcceptedElicitation) or answer.data is not None:
        approved = isinstance(answer, AcceptedElicitation) and answer.data.approve
        return None if approved else "The user did not approve: nothing was asked, nothing spent."
    return None if confirm and max_cost_usd is not None else SHOW_FIRST


def can_ask(ctx: Context) -> bool:
    """Whether the client can put a form before its user. A bare capability means forms; one with nothing but addresses does not."""
    capabilities = ctx.client_capabilities
    able = capabilities.elicitation if capabilities is not None else None
    return able is not None and (able.form is not None or able.url is None)


async def _started(ctx: Context, wish: Wish, wait_s: float) -> CallToolResult:
    """The job's answer if it ends in time, else where it stands."""
    job_id = await _apart(lambda: jobs.start(wish))
    job = await _waited(ctx, job_id, wait_s)
    if job.state == "failed":
        raise ToolError(f"{job.why} (job {job_id})")
    return compact(documents.job_document(job))


async def _waited(ctx: Context, job_id: str, wait_s: float) -> Job:
    """The job when it has ended, or after `wait_s`; the client hears how far it is."""
    until_s, told = anyio.current_time() + wait_s, 0
    while True:
        job: Job = await _apart(lambda: jobs.read(job_id))
        if job.state != "running" or anyio.current_time() >= until_s:
            return job
        done = job.progress.get("done") or 0
        if done > told:  # the protocol wants progress to grow
            told = done
            await ctx.report_progress(done, job.progress.get("total") or None, job.progress.get("stage"))
        await anyio.sleep(LOOK_S)


async def _apart(call: Any) -> Any:
    """The call in a thread, its refusals in words."""
    return await anyio.to_thread.run_sync(lambda: said(call))


def _job_id(value: Any) -> str:
    return said(lambda: text("job_id", value, "the id of a job, as run_baseline or run_frontier_price returned it"))
