"""The `assay` command: parses arguments, calls the other rooms, prints. Each command imports only what it needs."""

from __future__ import annotations

import sys
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from agent import proof, talk
from agent.connecting import connect, doctor
from agent.conversation.memo_command import memo
from agent.data import data
from agent.output import Json, console, print_json
from agent.serve import serve
from agent.store import similar, store
from agent.tune import tune
from agent.watch import watch

if TYPE_CHECKING:
    from typer.models import CommandInfo, TyperInfo

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Which LLM fits my task? Answered with sourced facts.",
)
models = typer.Typer(no_args_is_help=True, help="The catalogue: list, show, compare, refresh.")
app.add_typer(models, name="models")
app.add_typer(data, name="data")
app.add_typer(store, name="store")
app.add_typer(tune, name="tune")
app.add_typer(watch, name="watch")

Coverage = Annotated[bool, typer.Option("--coverage", help="How much the catalogue knows, beside what it promises.")]


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you need, in English or Japanese.")],
    model: Annotated[
        str | None, typer.Option(help="Let the assistant answer with this chat model; see assay chat --help.")
    ] = None,
    base_url: talk.BaseUrl = None,
    mcp_config: talk.McpConfig = None,
    max_cost_usd: talk.Cap = "1",
    allow_unpriced: talk.Unpriced = False,
    trace: talk.Trace = None,
    as_json: Json = False,
) -> None:
    """Answer which LLM fits a task: shortlist, costs, reasons, what was rejected and why. Needs no key."""
    if model is not None:
        limits = talk.limits_of(max_cost_usd)
        talk.answered(question, model, base_url, mcp_config, limits, allow_unpriced, trace, as_json)
        return
    from agent.ask import answer_question
    from server.tools import today

    document = answer_question(question, today())
    if not as_json and sys.stdin.isatty() and sys.stdout.isatty():
        document = _ask_back(question, document)
    if as_json:
        print_json({key: value for key, value in document.items() if key not in ("japanese", "if_yes")})
    else:
        from agent.screen import show_answer

        show_answer(console(), document, japanese=document["japanese"], today=today())


@models.command("list")
def list_models(
    text: Annotated[str, typer.Argument(help="Words that id or name must contain.")] = "",
    coverage: Coverage = False,
    as_json: Json = False,
) -> None:
    """List the models that can be had now."""
    if coverage:
        _coverage(as_json)
        return
    from agent.listing import list_rows
    from server.tools import today

    rows, total = list_rows(text, today())
    if as_json:
        print_json({"models": rows, "total": total})
    else:
        from agent.screen import show_models

        show_models(console(), rows, total)


@models.callback(invoke_without_command=True)
def _models(
    context: typer.Context,
    coverage: Coverage = False,
    as_json: Json = False,
) -> None:
    if context.invoked_subcommand is None:
        if not coverage:
            raise typer.BadParameter("say what to do with the models: list, show, compare, refresh, or --coverage")
        _coverage(as_json)


@models.command()
def show(
    model: Annotated[str, typer.Argument(help="A name: openai/gpt-5.1, qwen3-32b …")], as_json: Json = False
) -> None:
    """Show all that is known of one model: every claim with source and date, prices, ratings, licence duties."""
    from catalog import snapshot
    from catalog.compare import sheet
    from server.tools import today

    document = sheet(snapshot.load(), model, today())
    if as_json:
        print_json(document)
    else:
        from agent.screen import show_sheet

        show_sheet(console(), document)


@models.command()
def compare(
    names: Annotated[list[str], typer.Argument(help="Two to eight models.")],
    requests_per_month: Annotated[int | None, typer.Option(help="To price them.")] = None,
    input_tokens: Annotated[int | None, typer.Option(help="Per request.")] = None,
    output_tokens: Annotated[int | None, typer.Option(help="Per request.")] = None,
    cached_share: Annotated[float, typer.Option(help="0-1 of the prompt.")] = 0.0,
    batch: Annotated[bool, typer.Option("--batch", help="At batch prices.")] = False,
    as_json: Json = False,
) -> None:
    """Compare models side by side, with their cost for a workload."""
    from catalog.requirements import requirements
    from server.tools import compare_models

    workload = requirements(workload={
        "requests_per_month": requests_per_month, "input_tokens": input_tokens, "output_tokens": output_tokens,
        "cached_share": cached_share, "batch": batch,
    }).workload  # fmt: skip
    document = compare_models(names, workload)
    if as_json:
        print_json(document)
    else:
        from agent.screen import show_comparison

        show_comparison(console(), document)


@models.command()
def refresh(as_json: Json = False) -> None:
    """Fetch the live sources, check them, and replace the snapshot; the last good one stays when anything fails."""
    from agent.progress import stages
    from catalog.refresh import refresh as fetch_all
    from server.tools import today

    with stages() as report:
        document = fetch_all(today(), report)
    if as_json:
        print_json(document)
    else:
        for row in document["sources"]:
            typer.echo(f"{row['source']:14} {row['said']}")
        for what, names in document["changes"].items():
            typer.echo(f"{what:14} {len(names)}{': ' + ', '.join(names[:8]) if names else ''}")
        typer.echo(f"{document['models']} models; wrote {document['path']}")


@app.command()
def advise(
    requests_per_month: Annotated[int, typer.Option(help="Volume.")],
    input_tokens: Annotated[int, typer.Option(help="Per request, without examples or retrieved texts.")],
    output_tokens: Annotated[int, typer.Option(help="Per request.")],
    model: Annotated[str, typer.Option(help="The model considered; its cheapest price is used.")],
    labelled_examples: Annotated[int, typer.Option(help="How many you have.")] = 0,
    number_or_label: Annotated[
        bool, typer.Option("--number-or-label", help="The answer is a number or a label.")
    ] = False,
    changes_per_month: Annotated[int, typer.Option(help="How often the knowledge needed changes.")] = 0,
    citations: Annotated[bool, typer.Option("--citations", help="Answers must cite a source.")] = False,
    training_usd_per_mtok: Annotated[float | None, typer.Option(help="Price of training tokens.")] = None,
    months: Annotated[int, typer.Option(help="Over how long.")] = 12,
    dataset: Annotated[
        str | None, typer.Option(help="A data set that is your task: what was measured on it decides.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Advise prompt, few-shot, retrieval, fine-tuning or a baseline, with break-even arithmetic and what was measured."""
    from agent.listing import price_of
    from catalog.approach import task
    from server.tools import advise_approach, today

    price = price_of(model, today())
    document = advise_approach(task(
        requests_per_month=requests_per_month, input_tokens=input_tokens, output_tokens=output_tokens,
        input_usd_per_mtok=price.input, output_usd_per_mtok=price.output, can_be_tuned=price.can_be_tuned, labelled_examples=labelled_examples,
        answer_is_number_or_label=number_or_label, knowledge_changes_per_month=changes_per_month, needs_citations=citations,
        training_usd_per_mtok=training_usd_per_mtok, months=months,
    ), dataset)  # fmt: skip
    if as_json:
        print_json(document)
    else:
        from agent.screen import show_advice

        show_advice(console(), document)


for command in (
    proof.evaluate,
    proof.price,
    proof.compare,
    proof.report,
    similar,
    talk.chat,
    memo,
    serve,
    connect,
    doctor,
):
    app.command()(command)


def main() -> NoReturn:
    """Run the command. Exit codes: 0 done, 1 the work failed, 2 bad usage or input, 3 stopped by a budget, 4 a comparison did not hold."""
    from catalog.errors import BadInput, CatalogError
    from pricer.errors import BadInput as BadPricerInput
    from pricer.errors import PricerError

    try:
        _lean(next((word for word in sys.argv[1:] if not word.startswith("-")), None))(standalone_mode=True)
    except (BadInput, BadPricerInput) as error:
        _refuse(error, 2)
    except (CatalogError, PricerError) as error:
        _refuse(error, 1)
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(1)
    sys.exit(0)


def _lean(wanted: str | None) -> typer.Typer:
    """The app with the options of one command alone: typer reads every annotation of every command it holds, a fifth of a cold start."""
    lean = copy(app)
    lean.registered_commands = [
        one if _name(one) == wanted else _without_options(one) for one in app.registered_commands
    ]
    lean.registered_groups = [one if one.name == wanted else _without_commands(one) for one in app.registered_groups]
    return lean


def _name(command: CommandInfo) -> str:
    return command.name or (command.callback.__name__.replace("_", "-") if command.callback else "")


def _without_options(command: CommandInfo) -> CommandInfo:
    def nothing() -> None: ...

    bare = copy(command)
    bare.name, nothing.__doc__ = _name(command), command.callback.__doc__
    bare.callback = nothing
    return bare


def _without_commands(group: TyperInfo) -> TyperInfo:
    bare = copy(group)
    bare.typer_instance = typer.Typer(help=group.typer_instance.info.help if group.typer_instance else None)
    bare.typer_instance.command("nothing")(lambda: None)
    return bare


def _refuse(error: Exception, code: int) -> NoReturn:
    if "--json" in sys.argv:
        print_json({"error": str(error)})
    else:
        sys.stderr.write(f"assay: {error}\n")
    sys.exit(code)


def _ask_back(question: str, document: dict[str, Any]) -> dict[str, Any]:
    """Put the questions that matter to the user on the terminal, and answer again with what they say."""
    from agent.ask import answer_question
    from server.tools import today

    added = []
    for text, if_yes in zip(document["questions"], document["if_yes"], strict=True):
        said = _asked(text + (" [y/N]" if if_yes else ""))
        if if_yes and said.lower() in ("y", "yes", "はい", "ja"):
            added.append(if_yes)
        elif not if_yes and said:
            added.append(said)
    return answer_question(f"{question}. {'. '.join(added)}", today()) if added else document


def _asked(text: str) -> str:
    """What the user answers; nothing when they close the input: the answer they have stands."""
    try:
        return str(typer.prompt(text, default="", show_default=False, prompt_suffix=" ")).strip()
    except typer.Abort:
        sys.stderr.write("\n")
        return ""


def _coverage(as_json: bool) -> None:
    from catalog import snapshot
    from catalog.coverage import coverage
    from server.tools import today

    rows = coverage(snapshot.load(), today())
    if as_json:
        print_json(
            {row.name: {"count": row.count, "of": row.of, "at_least": row.at_least, "met": row.met} for row in rows}
        )
    else:
        for row in rows:
            typer.echo(f"{row.name:34} {row.text}{'' if row.met else '  NOT MET'}")
