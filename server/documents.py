"""What the measuring tools tell: jobs, estimates and comparisons, cut to what a model reads and with the next step named."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.answer import Document
from pricer.errors import BadInput
from server import jobs
from server.cards import Wish
from server.jobs import Job
from server.offers import Offer, dollars, estimated

if TYPE_CHECKING:
    from pricer.predictors.shelf import Entry

DATA_SHOWN = ("name", "split", "n_train", "n_validation", "synthetic", "near_copies")
SHOWN_PAIRS = 15  # of six runs; with more of them each run's own difference from the best must do
MOST_LISTED, MOST_CHARACTERS = 60, 600
ROUNDED = {"usd", "at_most_usd"}  # never the cap, which holds as it was agreed
SHOWN_REASONS, SHOWN_PART = 8, 160
GOES_ON = "The same call goes on where it stopped: what is answered is neither asked nor paid for again."
NEXT = {
    "running": "get_job with this job_id and wait_s=45 tells how it goes on; it outlives this conversation. cancel_job stops it.",
    "done": "compare_runs puts run {run} beside others.",
    "stopped": f"It was stopped. {GOES_ON}",
    "budget": f"Stopped by its cap of ${{cap}}. With a higher max_cost_usd, agreed to by the user: {GOES_ON[0].lower()}{GOES_ON[1:]}",
    "failed": "It failed: {why}",
    "died": f"Its process died ({{why}}). {GOES_ON}",
}


def baseline_wish(dataset: str, predictor: str | None, limit: int | None, seed: int) -> Wish:
    """The job that trains and scores `predictor`, by default ridge or logistic regression on words. `BadInput` names what there is."""
    from pricer.products.dataset import open_dataset

    is_label = open_dataset(dataset).manifest["target"]["is_label"]
    named = predictor or ("tfidf-logistic" if is_label else "tfidf-ridge")
    _shelved(named)
    return Wish(kind="baseline", dataset=dataset, predictor=named, limit=limit, seed=seed)


def expected_s(wish: Wish) -> float:
    """About how long training will take on one core, in seconds."""
    from pricer.products.dataset import open_dataset

    kept = open_dataset(wish.dataset).manifest["funnel"]["kept"]
    return _shelved(wish.predictor).seconds * float(kept) / 10_000


def compare_runs(said: list[str], ordered: bool, most: int) -> Document:
    """Runs compared, named by themselves or by the jobs that made them, with no more than a reader needs."""
    from pricer.installed import require

    require("comparing", "full", "numpy")
    from pricer.evaluation.compared import compared

    if not 1 <= len(said) <= most:
        raise BadInput(f"runs: wanted 1 to {most} names, found {len(said)}")
    document = compared([str(_run_folder(one)) for one in said], ordered=ordered)
    rows = [{"folder": Path(row.pop("folder")).name} | row for row in document.pop("rows")]
    pairs = document.pop("pairs")
    if not ordered:  # nothing was claimed, so nothing held
        del document["claims"], document["order_holds"]
    found: Document = _short(document | {"rows": rows, "pairs": pairs if len(pairs) <= SHOWN_PAIRS else []})
    return found


def offer_document(offer: Offer, why: str) -> Document:
    """An estimate with nothing asked, and what to do next."""
    return {"state": "estimate", "next": why + offer.warning, "estimate": estimated(offer.estimate)}


def job_document(job: Job) -> Document:
    """A job as a model reads it; what is not known yet is left out."""
    progress = {} if job.state == "done" else _progress(job.progress)
    told = {
        "state": job.state, "next": _next(job), "job_id": job.id, "run": job.run, "for": _wished(job.wish),
        "progress": progress, "estimate": _estimated(job.progress), "result": _short(_headline(job.result)),
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}


def jobs_document() -> Document:
    """The last jobs, newest first."""
    rows = [
        {"job_id": job.id, "state": job.state, "for": _wished(job.wish)}
        | ({"run": job.run} if job.run else {"progress": _progress(job.progress)})
        for job in jobs.recent()
    ]
    return {
        "jobs": rows,
        "next": "get_job with a job_id tells more." if rows else "No job yet: run_baseline starts one.",
    }


def cancelled_document(job: Job, asked: bool) -> Document:
    """What became of a job that was to be stopped."""
    document = job_document(job)
    if asked:
        done = job.progress.get("done") or 0
        document["next"] = (
            f"It stops as soon as calls in flight have answered; {done:,} answers are kept so far. {GOES_ON}"
        )
    elif job.state != "running":
        document["next"] = f"It had ended before. {document['next']}"
    return document


def _shelved(name: str) -> Entry:
    """The learner of that name; only the shelf's own, since a path or a chat model is no baseline."""
    from difflib import get_close_matches

    from pricer.predictors.shelf import SHELF

    found = {entry.name: entry for entry in SHELF}
    if name not in found:
        near = get_close_matches(name, found, 3) or found
        raise BadInput(f"predictor: no baseline is named {name!r}; there is {', '.join(near)}")
    return found[name]


def _run_folder(said: str) -> Path:
    """The folder of a run in the home folder. A path is refused: a tool reads what was measured and nothing else."""
    from pricer.evaluation.run import PLAN, find_run, runs_folder

    if jobs.ID.fullmatch(said) and (jobs.jobs_folder() / said).is_dir():
        job = jobs.read(said)
        if job.run is None:
            raise BadInput(f"{said}: that job has no run to compare yet, it is {job.state}; see get_job")
        said = job.run
    if said != Path(said).name or said in {"", ".", ".."}:
        raise BadInput(f"runs: wanted names of runs, such as tfidf-ridge-sample-1a2b3c4d, found {said!r:.60}")
    folder = runs_folder() / said
    return folder if (folder / PLAN).is_file() else find_run(str(folder))


def _next(job: Job) -> str:
    if job.state == "running" and job.stopping:
        return "It is stopping: calls in flight finish first, at most a minute."
    return NEXT[job.state].format(cap=format(job.wish.cap_usd or 0, "f"), run=job.run, why=job.why or "no word left")


def _wished(wish: Wish) -> str:
    limit = f", {wish.limit} items" if wish.limit else ""
    return f"{wish.model or wish.predictor} on {wish.dataset}{limit}"


def _progress(told: Document) -> Document:
    shown = {name: told[name] for name in ("stage", "done", "total", "failures") if name in told}
    return shown | ({"usd": dollars(told["usd"])} if "usd" in told else {})


def _estimated(told: Document) -> Document:
    estimate = dict(told.get("estimate") or {})
    if estimate.get("cap_usd"):
        estimate["cap_usd"] = f"{Decimal(estimate['cap_usd']):f}"
    return {name: dollars(value) if name in ROUNDED else value for name, value in estimate.items()}


def _headline(result: Document) -> Document:
    """The result without what repeats or what only a report needs."""
    dropped = {"run", "clipped", "mae_usd", "median_ae_usd", "latency_p50_s", "labels", "confusion"}
    shown = {name: value for name, value in result.items() if name not in dropped and value is not None}
    if reasons := result.get("failures_by_reason"):
        often = sorted(reasons.items(), key=lambda one: -one[1])[:SHOWN_REASONS]
        shown["failures_by_reason"] = {reason[:SHOWN_PART]: count for reason, count in often}
    data = result.get("data") or {}
    return shown | ({"data": {name: data.get(name) for name in DATA_SHOWN}} if data else {})


def _short(told: Any) -> Any:
    """Floats to the digits that a figure is good for, lists and texts to what a model reads."""
    if isinstance(told, dict):
        return {name: _short(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [_short(value) for value in told[:MOST_LISTED]]
    if isinstance(told, str):
        return told[:MOST_CHARACTERS]
    return float(f"{told:.5g}") if isinstance(told, float) else told
