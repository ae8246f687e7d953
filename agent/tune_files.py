"""`assay tune examples`, `check` and `offers`: training files written and checked, and where they could go, before anything is sent."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.output import Json, print_json

if TYPE_CHECKING:
    from pricer.tuning.chat_file import Checked
    from pricer.tuning.screening import Screened

SHOWN = 5


def examples(
    out: Annotated[Path, typer.Option(help="The folder to write training.jsonl and validation.jsonl into.")],
    dataset: Annotated[str | None, typer.Option(help="A loaded data set: assay data list.")] = None,
    data: Annotated[Path | None, typer.Option(help="Your own file: CSV, JSON lines, Parquet, Excel.")] = None,
    text: Annotated[list[str] | None, typer.Option(help="A text column of --data; may be given several times.")] = None,
    target: Annotated[str | None, typer.Option(help="Its column to learn, a number or a label.")] = None,
    label: Annotated[str | None, typer.Option(help="Its column to learn, taken as a label.")] = None,
    train: Annotated[int | None, typer.Option(help="So many examples only.")] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    as_json: Json = False,
) -> None:
    """Write training examples in chat format, worded as the chat predictor asks, checked, counted and screened. Nothing is sent."""
    from pricer.evaluation.material import Wanted, gather
    from pricer.installed import require
    from pricer.tuning.examples import write_examples

    require("writing examples", "full", "numpy", "quicktok")
    material = gather(
        Wanted(dataset, data, tuple(text or ()), target, label, None, None, seed, False, train), learns=True
    )
    out.mkdir(parents=True, exist_ok=True)
    written = write_examples(material, out)
    looked = _looked(written.training, written.validation, "o200k_base")
    if as_json:
        print_json({"training": str(written.training), "n_training": written.n_training, "n_validation": written.n_validation,
                    "left_out": written.reasons, **looked.document()})  # fmt: skip
        return
    typer.echo(f"{written.n_training:,} examples in {written.training}, {written.n_validation:,} to validate")
    for reason, count in written.reasons.items():
        typer.echo(f"left out  {count:,}: {reason}")
    looked.show()


def check(
    file: Annotated[Path, typer.Argument(help="Training examples, a JSON object with messages on each line.")],
    validation: Annotated[
        Path | None, typer.Option(help="The validation file, to find examples that stand in both.")
    ] = None,
    tokenizer: Annotated[str, typer.Option(help="o200k_base, cl100k_base, llama3, qwen3.")] = "o200k_base",
    truth: Annotated[
        bool, typer.Option("--truth/--no-truth", help="Complain where a question states its own answer.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Check a training file strictly, line by line; list near-copies and what a provider's moderation may refuse. Exit 2 for a fault."""
    from pricer.installed import require

    require("checking examples", "full", "numpy", "quicktok")
    looked = _looked(file, validation, tokenizer, truth=truth)
    if as_json:
        print_json(looked.document())
    else:
        looked.show()
    if not looked.checked.ok:
        raise typer.Exit(2)


def offers(
    provider: Annotated[str | None, typer.Argument(help="Only this host: openai, together, fireworks …")] = None,
    tokens: Annotated[int | None, typer.Option(help="Tokens of your training file, to price an epoch of it.")] = None,
    epochs: Annotated[float, typer.Option(help="How often they are seen.")] = 3.0,
    as_json: Json = False,
) -> None:
    """Which models can be fine-tuned where, for how much, and what is closing."""
    from pricer.tuning.prices import offer_price
    from pricer.tuning.prices import offers as offered
    from server.tools import today

    rows = []
    for one in offered(today()):
        if provider and one.offer.provider != provider:
            continue
        usd = offer_price(one.offer, tokens, epochs) if tokens else None
        price = None if usd is None else str(usd)
        rows.append({"provider": one.offer.provider, "model": one.offer.model, "method": one.offer.method, "standing": one.standing,
                     "usd_per_mtok": None if one.offer.training_usd_per_mtok is None else str(one.offer.training_usd_per_mtok),
                     "closes": one.offer.closes, "usd": price, "words": one.words, "source": one.offer.source})  # fmt: skip
    if as_json:
        print_json({"offers": rows})
        return
    for row in rows:
        rate = "unknown" if row["usd_per_mtok"] is None else f"${row['usd_per_mtok']}/Mtok"
        total = f"  ${row['usd']} for this file" if row["usd"] else ""
        until = f"  until {row['closes']}" if row["closes"] and row["standing"] == "closing" else ""
        typer.echo(
            f"{row['standing']:8} {row['provider']:14} {row['model']:42} {row['method'] or '':9} {rate}{total}{until}"
        )
    for line in dict.fromkeys(str(row["words"]).partition("Instead:")[2] for row in rows if row["standing"] != "open"):
        if line:
            typer.echo(f"Instead of what is closed:{line}")


class _Looked:
    """What the check and the screening found."""

    def __init__(self, checked: Checked, screened: Screened) -> None:
        self.checked, self.screened = checked, screened

    def document(self) -> dict[str, Any]:
        """As plain values."""
        checked = self.checked
        return {
            "ok": checked.ok, "lines": checked.lines, "examples": checked.examples, "faults": checked.counted,
            "shown": [asdict(one) | {"mend": one.mend} for one in checked.problems],
            "tokens": asdict(checked.tokens) if checked.tokens else None,
            "near_copies": [{"place": one.place, "reason": one.reason} for one in self.screened.copies],
            "moderation": [{"place": one.place, "words": list(one.words), "reason": one.reason} for one in self.screened.risks],
            "note": self.screened.note,
        }  # fmt: skip

    def show(self) -> None:
        """On the terminal."""
        checked, tokens = self.checked, self.checked.tokens
        for problem in checked.problems:
            typer.echo(f"{checked.name}: {problem.text}")
        if checked.left_out:
            typer.echo(
                f"and {checked.left_out:,} more: "
                + ", ".join(f"{count} {kind}" for kind, count in checked.counted.items())
            )
        if tokens:
            typer.echo(f"{checked.examples:,} examples, {tokens.total:,} tokens by {tokens.tokenizer} ({tokens.least:,} to {tokens.most:,} each, "
                       f"median {tokens.median:,}), {tokens.assistant:,} of them answers")  # fmt: skip
        for what, found in (
            ("near-copies", self.screened.copies),
            ("may be refused by moderation", self.screened.risks),
        ):
            if found:
                typer.echo(f"{len(found):,} {what}:")
                for one in found[:SHOWN]:
                    typer.echo(f"  {one.place}: {one.reason}")
        typer.echo("no fault found" if checked.ok else f"{sum(checked.counted.values()):,} faults")


def _looked(training: Path, validation: Path | None, tokenizer: str, *, truth: bool = True) -> _Looked:
    from pricer.tuning.chat_file import Limits, check_file
    from pricer.tuning.screening import screen

    checked = check_file(training, validation=validation, limits=Limits(tokenizer=tokenizer, truth=truth))
    return _Looked(checked, screen(training, validation))
