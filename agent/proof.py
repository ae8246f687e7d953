"""`assay evaluate`, `price`, `compare` and `report`: the commands that measure. Each imports only what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.output import Json, console, print_json

if TYPE_CHECKING:
    from pricer.request import Evaluation, Request, Watch

STOPPED_BY_BUDGET, DOES_NOT_HOLD = 3, 4

Model = Annotated[
    str | None, typer.Option(help="provider/model, for --predictor chat: openai/gpt-5.1, local/smollm2-135m …")
]
Cap = Annotated[str | None, typer.Option(help="A hard cap in dollars on what the calls may cost; $1 unless told.")]
BaseUrl = Annotated[str | None, typer.Option(help="An OpenAI-compatible address instead of the provider's own.")]
Api = Annotated[
    str | None, typer.Option(help="openai-responses, openai-chat or anthropic, where the provider leaves a choice.")
]
PriceIn = Annotated[
    str | None, typer.Option(help="Dollars per million tokens in, where the catalogue has no price or another.")
]
PriceOut = Annotated[str | None, typer.Option(help="Dollars per million tokens out.")]
Unpriced = Annotated[
    bool, typer.Option("--allow-unpriced", help="Ask a model whose price nobody knows; no cap can hold then.")
]


def evaluate(
    predictor: Annotated[
        str, typer.Option(help="chat, human, best, or a learner: assay evaluate --list. Or a saved model's folder.")
    ] = "",
    model: Model = None,
    dataset: Annotated[str | None, typer.Option(help="A loaded data set: assay data list.")] = None,
    data: Annotated[Path | None, typer.Option(help="Your own file: CSV, JSON lines, Parquet, Excel.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A text column of --data; may be given several times.")] = None,
    target: Annotated[str | None, typer.Option(help="Its column to predict, a number or a label.")] = None,
    label: Annotated[str | None, typer.Option(help="Its column to predict, taken as a label.")] = None,
    question: Annotated[str | None, typer.Option(help="What is asked about each row.")] = None,
    least: Annotated[float | None, typer.Option(help="The least valid number.")] = None,
    most: Annotated[float | None, typer.Option(help="The greatest valid number.")] = None,
    limit: Annotated[int | None, typer.Option(help="Score so many items, drawn by --seed.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw, of training and of intervals.")] = 0,
    train: Annotated[int | None, typer.Option(help="Learn from so many examples only, for a learning curve.")] = None,
    drop_copies: Annotated[
        bool, typer.Option("--drop-copies", help="Keep near-copies of test rows out of training.")
    ] = False,
    concurrency: Annotated[int, typer.Option(help="Calls in flight, at most.")] = 16,
    timeout: Annotated[float, typer.Option(help="Seconds for one call.")] = 60.0,
    attempts: Annotated[int, typer.Option(help="Attempts at one item, at most.")] = 8,
    max_cost_usd: Cap = None,
    input_usd_per_mtok: PriceIn = None,
    output_usd_per_mtok: PriceOut = None,
    allow_unpriced: Unpriced = False,
    base_url: BaseUrl = None,
    api: Api = None,
    shots: Annotated[int, typer.Option(help="Training examples shown in the prompt, the same for every item.")] = 0,
    similar: Annotated[int, typer.Option(help="The training examples most similar to each item, shown before it.")] = 0,
    encoder: Annotated[str, typer.Option(help="What finds similar ones: minilm, e5-small, bge-small …")] = "minilm",
    structured: Annotated[
        bool | None, typer.Option("--structured/--plain", help="Ask for JSON by a schema, or not.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="Unset: the provider's own.")] = None,
    max_output_tokens: Annotated[int | None, typer.Option(help="For one answer.")] = None,
    reasoning_effort: Annotated[str | None, typer.Option(help="For models that reason: low, medium, high …")] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Through the provider's batch API: half the price, within a day.")
    ] = False,
    probe: Annotated[int, typer.Option(help="Also probe contamination on so many items.")] = 0,
    answers: Annotated[Path | None, typer.Option(help="The filled file of --predictor human.")] = None,
    task: Annotated[
        Path | None, typer.Option(help="A folder to write the empty task of --predictor human into.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="The folder of the run; the same command finds its own again.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew; the old run is kept beside it.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again what nobody answered.")] = False,
    list_learners: Annotated[bool, typer.Option("--list", help="List the learners.")] = False,
    as_json: Json = False,
) -> None:
    """Measure a predictor on a data set or your own file: error with its interval, failures, cost. Stopped, it goes on where it was."""
    from pricer.errors import BadInput

    if list_learners:
        _list(as_json)
        return
    if not predictor:
        raise BadInput(
            "wanted --predictor: chat with --model provider/model, human, best, or a name of assay evaluate --list"
        )
    from pricer.evaluation.material import Wanted
    from pricer.evaluation.runner import Limits
    from pricer.installed import require
    from pricer.predictors.protocol import Task
    from pricer.request import Chat, Request

    require("scoring", "full", "numpy")
    asked = Task(question=question, least=least, most=most)
    wanted = Wanted(dataset, data, tuple(text or ()), target, label, asked, limit, seed, drop_copies, train)
    chat = Chat(
        model, base_url, api, money("--max-cost-usd", max_cost_usd), money("--input-usd-per-mtok", input_usd_per_mtok),
        money("--output-usd-per-mtok", output_usd_per_mtok), allow_unpriced, shots, similar, encoder, structured, temperature,
        max_output_tokens, reasoning_effort, batch, probe,
    )  # fmt: skip
    limits = Limits(concurrency, attempts, timeout)
    request = Request(wanted, predictor, chat, limits, run, answers, fresh, retry_failed)
    if task is not None:
        _write_task(request, task, as_json)
        return
    _show(_evaluated(request), as_json)


def price(
    text: Annotated[str, typer.Argument(help="A product in words.")],
    predictor: Annotated[
        str | None, typer.Option(help="A learner, or a saved model's folder; the best one trained so far unless told.")
    ] = None,
    model: Model = None,
    dataset: Annotated[str | None, typer.Option(help="What a learner learns from, if it has not yet.")] = None,
    similar: Annotated[int, typer.Option(help="Similar products of a store, shown to the chat model with prices.")] = 0,
    store: Annotated[str | None, typer.Option(help="That store; the only one there is unless told.")] = None,
    max_cost_usd: Cap = None,
    input_usd_per_mtok: PriceIn = None,
    output_usd_per_mtok: PriceOut = None,
    allow_unpriced: Unpriced = False,
    base_url: BaseUrl = None,
    api: Api = None,
    as_json: Json = False,
) -> None:
    """One price for one text, from a trained model or a chat model."""
    from pricer.installed import require
    from pricer.pricing import price_text
    from pricer.request import Chat

    require("pricing", "full", "numpy")
    chat = Chat(
        model, base_url, api, money("--max-cost-usd", max_cost_usd), money("--input-usd-per-mtok", input_usd_per_mtok),
        money("--output-usd-per-mtok", output_usd_per_mtok), allow_unpriced, similar=similar,
    )  # fmt: skip
    with watching() as watch:
        document = price_text(text, predictor, chat, dataset, watch, store)
    if as_json:
        print_json(document)
    else:
        from agent.proof_screen import show_price

        show_price(console(), document)
    if document["failure"]:
        raise typer.Exit(1)


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="Folders or names of runs.")],
    ordered: Annotated[
        bool,
        typer.Option("--ordered", help="Claim that each run is better than the next; exit 4 if that does not hold."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    as_json: Json = False,
) -> None:
    """Compare runs on the items they share: paired differences with intervals, what cannot be told apart, the cheapest of the best."""
    from pricer.installed import require

    require("comparing", "full", "numpy")
    from pricer.evaluation.compared import compared

    document = compared(runs, ordered=ordered, seed=seed)
    if as_json:
        print_json(document)
    else:
        from agent.proof_screen import show_comparison

        show_comparison(console(), document)
    if ordered and not document["order_holds"]:
        raise typer.Exit(DOES_NOT_HOLD)


def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="Folders or names of runs.")],
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("report"),
    seed: Annotated[int, typer.Option(help="Of the resampling.")] = 0,
    as_json: Json = False,
) -> None:
    """Write an offline page about runs, with its charts as PNG files and a summary in Markdown."""
    from pricer.installed import require

    require("a report", "full", "jinja2", "matplotlib", "numpy")
    from pricer.evaluation.report import write_report
    from pricer.evaluation.run import find_run, load_run

    written = write_report([load_run(find_run(one)) for one in runs], out, seed=seed)
    if as_json:
        print_json(
            {
                "page": str(written.page),
                "markdown": str(written.markdown),
                "pictures": [str(one) for one in written.pictures],
            }
        )
    else:
        typer.echo(f"{written.page}, {written.markdown.name} and {len(written.pictures)} pictures")


def _evaluated(request: Request) -> Evaluation:
    from pricer.ladder import evaluate as make_run

    with watching() as watch:
        return make_run(request, watch)


@contextmanager
def watching() -> Iterator[Watch]:
    """A bar on stderr with the stage, how far the run is, its failures and what it has cost."""
    from agent.progress import stages
    from agent.proof_screen import estimate_line
    from pricer.request import Watch

    with stages() as report:

        def estimated(estimate: Any) -> None:
            report.say(estimate_line(estimate))

        def answered(progress: Any) -> None:
            failed = f"  {progress.failures} failed" if progress.failures else ""
            cost = f"  ${progress.usd:.4f}" if progress.usd else ""
            report(f"answers{failed}{cost}", progress.done, progress.total)

        yield Watch(report, estimated, answered, report.say)


def _show(evaluation: Evaluation, as_json: bool) -> None:
    if as_json:
        print_json(evaluation.result)
    else:
        from agent.proof_screen import show_evaluation

        show_evaluation(console(), evaluation.result, evaluation.ended)
    if evaluation.ended == "budget":
        cap = evaluation.result.get("cap_usd")
        typer.echo(
            f"stopped by the cap of ${cap}: the same command with a higher --max-cost-usd goes on, and pays for nothing twice",
            err=True,
        )
        raise typer.Exit(STOPPED_BY_BUDGET)
    if evaluation.ended == "stopped":
        typer.echo("stopped; what is saved stays: the same command goes on where this one stopped", err=True)
        raise typer.Exit(1)


def _write_task(request: Request, folder: Path, as_json: bool) -> None:
    from pricer.evaluation.material import gather
    from pricer.ladder import human_listings
    from pricer.predictors.human_task import write_task

    material = gather(request.wanted, learns=False)
    written = write_task(human_listings(material), material.task, folder, request.wanted.seed)
    files = [str(path) for path in written.files]
    if as_json:
        print_json({"files": files, "items": len(material.items)})
    else:
        typer.echo(f"{len(material.items)} items, without their answers, in {', '.join(files)}")


def _list(as_json: bool) -> None:
    from pricer.predictors.shelf import SHELF

    rows = [
        {"name": one.name, "answers": "/".join(sorted(one.kinds)), "says": one.says, "seconds_per_10k": one.seconds}
        for one in SHELF
    ]
    if as_json:
        print_json({"learners": rows})
        return
    for row in rows:
        typer.echo(
            f"{row['name']:18} {row['answers']:13} {row['says']}, about {row['seconds_per_10k']:g} s for 10,000 items"
        )


def money(option: str, said: str | None) -> Decimal | None:
    from pricer.errors import BadInput

    if said is None:
        return None
    try:
        usd = Decimal(said.removeprefix("$"))
    except InvalidOperation:
        usd = Decimal(-1)
    if not usd.is_finite() or usd < 0:
        raise BadInput(f"{option} {said!r}: wanted dollars, 0 or more")
    return usd
