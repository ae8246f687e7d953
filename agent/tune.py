"""`assay tune`: plan a fine-tuning, start it, watch it, stop it, and hear whether it helped. Each command imports only what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent import tune_files
from agent.output import Json, console, print_json

if TYPE_CHECKING:
    from agent.progress import Stages
    from pricer.evaluation.material import Wanted
    from pricer.tuning.knobs import Knobs
    from pricer.tuning.record import Record, Status

tune = typer.Typer(no_args_is_help=True, help="Fine-tune: plan, start, watch, stop, compare.")

Job = Annotated[str, typer.Argument(help="A job: assay tune status lists them.")]
Dataset = Annotated[str | None, typer.Option(help="A loaded data set: assay data list.")]
Data = Annotated[Path | None, typer.Option(help="Your own file: CSV, JSON lines, Parquet, Excel.")]
Text = Annotated[list[str] | None, typer.Option(help="A text column of --data; may be given several times.")]
Target = Annotated[str | None, typer.Option(help="Its column to learn, a number or a label.")]
Label = Annotated[str | None, typer.Option(help="Its column to learn, taken as a label.")]
Train = Annotated[int | None, typer.Option(help="Learn from so many examples only.")]
Seed = Annotated[int, typer.Option(help="Of the draw, of the order and of dropout.")]
Method = Annotated[
    str,
    typer.Option(
        help="Here: encoder (with a head) or lora (a small language model). At a host: openai, together, fireworks."
    ),
]
Base = Annotated[
    str | None,
    typer.Option(help="What is tuned: minilm, local/smollm2-135m, a folder, or the host's name for its model."),
]
Cap = Annotated[str | None, typer.Option(help="The most that a host may bill, in dollars; needed to order there.")]


@tune.command()
def plan(
    method: Method = "encoder",
    base: Base = None,
    dataset: Dataset = None,
    data: Data = None,
    text: Text = None,
    target: Target = None,
    label: Label = None,
    train: Train = None,
    seed: Seed = 0,
    learning_rate: Annotated[float | None, typer.Option(help="At its peak; 5e-5 for encoder, 2e-4 for lora.")] = None,
    batch_size: Annotated[int, typer.Option(help="Examples at a time.")] = 16,
    accumulation: Annotated[int, typer.Option(help="Batches to one optimizer step.")] = 1,
    epochs: Annotated[float, typer.Option(help="How often the examples are seen, a fraction too: 0.25, 2.34.")] = 1.0,
    weight_decay: Annotated[float, typer.Option(help="Pull of the weights towards 0.")] = 0.01,
    warmup: Annotated[float, typer.Option(help="Share of the steps over which the rate climbs.")] = 0.1,
    schedule: Annotated[str, typer.Option(help="linear, cosine or constant after the warm-up.")] = "linear",
    dropout: Annotated[float, typer.Option(help="Share of units that are silent at a step.")] = 0.1,
    label_smoothing: Annotated[float, typer.Option(help="For labels: belief given to the others.")] = 0.0,
    lora_rank: Annotated[int, typer.Option(help="Width of the adapters.")] = 8,
    lora_alpha: Annotated[int, typer.Option(help="Their weight is alpha / rank.")] = 16,
    lora_targets: Annotated[str, typer.Option(help="Layers that get one, by name.")] = "q_proj,k_proj,v_proj,o_proj",
    frozen_layers: Annotated[int, typer.Option(help="Lowest layers left as they are, the word vectors with them.")] = 0,
    patience: Annotated[int, typer.Option(help="Stop after so many evaluations without a better one; 0: never.")] = 0,
    evaluations: Annotated[int, typer.Option(help="How often validation is measured and a checkpoint kept.")] = 8,
    max_tokens: Annotated[int, typer.Option(help="Texts are cut here.")] = 128,
    track: Annotated[str | None, typer.Option(help="Also keep the curves with trackio (local) or wandb.")] = None,
    as_json: Json = False,
) -> None:
    """Plan a fine-tuning on this machine: its steps, its schedule, and how long it takes, measured. Nothing is trained, nothing spent."""
    from typing import cast

    from agent.progress import stages
    from pricer.evaluation.material import Wanted
    from pricer.tuning.knobs import Curve, Knobs

    knobs = Knobs(
        learning_rate, batch_size, accumulation, epochs, weight_decay, warmup, cast("Curve", schedule), dropout, label_smoothing, lora_rank,
        lora_alpha, tuple(one.strip() for one in lora_targets.split(",") if one.strip()), frozen_layers, patience, evaluations, max_tokens, seed,
    )  # fmt: skip
    wanted = Wanted(dataset, data, tuple(text or ()), target, label, None, None, seed, False, train)
    with stages() as report:
        document = _planned(method, base, wanted, knobs, track, report)
    if as_json:
        print_json(document)
        return
    from agent.tune_screen import show_plan

    show_plan(console(), document)
    usd = document["estimate"]["usd"]
    cap = f" --max-cost-usd {usd}" if usd and usd != "0" else ""
    typer.echo(f"Start it with: assay tune start {document['id']}{cap}")


@tune.command()
def start(
    job: Job,
    max_cost_usd: Cap = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Watch it to its end; Ctrl-C leaves it running.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Start a planned job, or let a stopped one go on from its last checkpoint. Here in a process of its own; at a host under a cap."""
    from agent.proof import money
    from pricer.tuning.elsewhere import set_off
    from pricer.tuning.record import record_of

    record = record_of(job)
    set_off(record, money("--max-cost-usd", max_cost_usd))
    if wait:
        _follow(record)
    if as_json or not wait:
        _told(record, as_json)
    _judge_exit(record)


@tune.command()
def status(
    job: Annotated[str | None, typer.Argument(help="One job; all of them unless told.")] = None, as_json: Json = False
) -> None:
    """Where a job stands, or all jobs."""
    from pricer.tuning.record import record_of, records

    if job:
        record = record_of(job)
        _told(record, as_json)
        _judge_exit(record)
        return
    found = records()
    if as_json:
        print_json({"jobs": [_document(record) for record in found]})
        return
    from agent.tune_screen import show_jobs

    show_jobs(console(), found, _standing)


@tune.command()
def watch(
    job: Job,
    page: Annotated[
        bool, typer.Option("--page", help="Serve a page on this machine that draws the curves as they come.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the page as it stands now into a file instead.")] = None,
) -> None:
    """Watch a job: curves, rate, time left, best checkpoint, warnings. Ctrl-C stops watching, not the job."""
    from pricer.tuning.record import record_of

    record = record_of(job)
    if out:
        from pricer.tuning.watch.page import write_page

        write_page(record, out, _standing(record))
        typer.echo(str(out))
    elif page:
        from pricer.tuning.watch.serving import serve

        serve(record, standing=_standing)
    else:
        _follow(record)


@tune.command()
def cancel(job: Job, as_json: Json = False) -> None:
    """Stop a job after the step in hand; `assay tune start` lets it go on. A host's job is ended for good."""
    from pricer.tuning.elsewhere import called_off
    from pricer.tuning.record import record_of

    record = record_of(job)
    asked = called_off(record)
    if as_json:
        print_json(_document(record) | {"cancelled": asked})
    else:
        typer.echo(f"{job} {'stops after the step in hand' if asked else f'is not running: {_standing(record).state}'}")


@tune.command()
def sweep(
    method: Annotated[str, typer.Option(help="encoder or lora.")] = "encoder",
    base: Base = None,
    dataset: Dataset = None,
    data: Data = None,
    text: Text = None,
    target: Target = None,
    label: Label = None,
    train: Train = None,
    seed: Seed = 0,
    trials: Annotated[int, typer.Option(help="Settings that are tried.")] = 12,
    epochs: Annotated[float, typer.Option(help="How often each trial sees the training examples.")] = 1.0,
    seconds: Annotated[float | None, typer.Option(help="Begin no training once so many have been spent.")] = None,
    best: Annotated[int, typer.Option(help="So many of the best are trained again with other seeds.")] = 2,
    seeds: Annotated[int, typer.Option(help="How many other seeds.")] = 3,
    more_knobs: Annotated[
        bool,
        typer.Option(
            "--more-knobs", help="Besides learning rate and batch: decay, warm-up, dropout, frozen layers or rank."
        ),
    ] = False,
    pruner: Annotated[str, typer.Option(help="What gives a trial up early: median, halving or none.")] = "median",
    max_tokens: Annotated[int, typer.Option(help="Texts are cut here.")] = 128,
    name: Annotated[str | None, typer.Option(help="Of the sweep; the same call finds its own again.")] = None,
    as_json: Json = False,
) -> None:
    """Search learning rate and batch size on equal budgets, train the best again with other seeds, and judge them against the usual setting."""
    from typing import cast

    from agent.progress import stages
    from pricer.evaluation.material import Wanted, gather
    from pricer.tuning.knobs import Knobs
    from pricer.tuning.local import method_of
    from pricer.tuning.plan import Wish
    from pricer.tuning.search.goal import Budget, Pruner
    from pricer.tuning.trying import swept

    wanted = Wanted(dataset, data, tuple(text or ()), target, label, None, None, seed, False, train)
    examples = max(1, round(epochs * len(gather(wanted, learns=True).train.listings)))
    budget = Budget(trials, examples, seconds, best, seeds)
    wish = Wish(method_of(method), wanted, base, Knobs(epochs=epochs, max_tokens=max_tokens, seed=seed))
    with stages() as report:
        report.say(budget.says())
        document = swept(
            wish, budget, two_knobs=not more_knobs, pruner=cast("Pruner", pruner), name=name, report=report
        )
    if as_json:
        print_json(document)
        return
    for sentence in document["sentences"]:
        typer.echo(sentence)
    typer.echo(
        f"All trials: {document['folder']}; side by side: assay tune knobs {Path(document['folder']).name} --out knobs.html"
    )


@tune.command()
def knobs(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Jobs and sweeps on the same data; all there are unless told.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The page.")] = Path("knobs.html"),
) -> None:
    """Write a page whose knobs move among the trainings that took place, with their curves and what they came to."""
    from pricer.tuning.recorded import recorded
    from pricer.tuning.watch.knobs_page import write_knobs_page

    found = recorded(runs or ())
    write_knobs_page(found, out)
    typer.echo(f"{len(found)} trainings in {out}")


@tune.command()
def verdict(
    job: Job,
    against: Annotated[
        list[str] | None, typer.Option(help="Predictors to measure it against, instead of the usual ones.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Measure on so many test items, drawn by the job's seed.")] = None,
    hosting_usd_per_hour: Annotated[str | None, typer.Option(help="What keeping it at work would cost.")] = None,
    instead_usd_per_1k: Annotated[
        str | None, typer.Option(help="What 1,000 answers of a model it replaces cost, for the break-even volume.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the tuned model on the test items beside what it began with, a cheap baseline and retrieval: did it help?"""
    from agent.proof import money, watching
    from pricer.tuning.record import record_of
    from pricer.tuning.verdict import Serving
    from pricer.tuning.verdict import verdict as judged

    hourly = money("--hosting-usd-per-hour", hosting_usd_per_hour)
    instead = money("--instead-usd-per-1k", instead_usd_per_1k)
    with watching() as told:
        serving = None if hourly is None else Serving(hourly, instead)
        document = judged(record_of(job), told, against or (), serving, limit)
    if as_json:
        print_json(document)
    else:
        from agent.tune_screen import show_verdict

        show_verdict(console(), document)


def _planned(
    method: str, base: str | None, wanted: Wanted, knobs: Knobs, track: str | None, report: Stages
) -> dict[str, Any]:
    """The plan of a training here, or at a host."""
    from pricer.installed import require
    from pricer.tuning.hosted.host import hosts

    if method in hosts():
        from pricer.tuning.elsewhere import plan_at
        from server.tools import today

        return plan_at(method, base, wanted, knobs, today())
    from pricer.tuning.local import method_of
    from pricer.tuning.plan import Wish, plan

    require("tuning a model", "full", "numpy", "torch", "transformers")
    require("tuning a model", "tune", "accelerate", "peft")
    return plan(Wish(method_of(method), wanted, base, knobs, track), report)


def _follow(record: Record) -> None:
    """Watch the job to its end, on stderr."""
    from agent.tune_screen import watch_live
    from pricer.tuning.elsewhere import is_hosted

    refresh_s = 30.0 if is_hosted(record) else 1.0
    running = ("running", "queued")
    watch_live(record, refresh_s, until=lambda status: status.state not in running, standing=_standing)


def _standing(record: Record) -> Status:
    from pricer.tuning.elsewhere import standing

    return standing(record)


def _told(record: Record, as_json: bool) -> None:
    if as_json:
        print_json(_document(record))
    else:
        from agent.tune_screen import show_status

        show_status(console(), record, _standing)


def _judge_exit(record: Record) -> None:
    """Exit 1 when the job failed."""
    if record.status().state == "failed":
        raise typer.Exit(1)


def _document(record: Record) -> dict[str, Any]:
    from dataclasses import asdict

    now = _standing(record)
    model = str(record.model) if (record.model / "manifest.json").is_file() else None
    return {"id": record.id, **asdict(now), "model": model}


for command in (tune_files.examples, tune_files.check, tune_files.offers):
    tune.command()(command)
