"""The results table: every predictor of the shelf and a small local LLM on the same test items, with intervals, cost and time.

    python bench/ladder.py FILE… [--llm local/smollm2-135m --llm-items 200] [--home FOLDER] [--out docs/results.md]

Each predictor is one `assay evaluate` in a process of its own; runs are kept in the home folder, so that the same command goes on where it
was stopped. Learners fit on the training rows and choose on the validation rows that the file states; the test rows are scored once. The
first table keeps the stated splits as they are; the second trains `best` again without rows that nearly copy a held-out row.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from pricer.predictors.protocol import Task
from pricer.predictors.shelf import names

ROOT = Path(__file__).resolve().parent.parent
ASSAY = str(Path(sys.executable).with_name("assay"))


def main() -> None:
    """Run what is missing and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--llm", action="append", default=[])
    parser.add_argument("--llm-items", type=int, default=200)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--only", default=None, help="a comma-separated list of learners")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder)
        wanted = given.only.split(",") if given.only else list(names(Task()))
        page = "\n\n".join(section(home, file, wanted, given.llm, given.llm_items) for file in given.files)
    if given.out:
        given.out.write_text(page + "\n", encoding="utf-8")
    print(page)


def section(home: Path, file: Path, learners: list[str], llms: list[str], llm_items: int) -> str:
    """The tables of one file."""
    runs = [evaluate(home, file, "--predictor", name) for name in learners]
    strict = evaluate(home, file, "--predictor", "best", "--drop-copies") if "best" in learners else None
    asked = [
        evaluate(
            home,
            file,
            "--predictor",
            "chat",
            "--model",
            model,
            "--limit",
            str(llm_items),
            "--concurrency",
            "1",
            *retrieval,
        )
        for model in llms
        for retrieval in ((), ("--similar", "5"))
    ]
    data = runs[0]["data"]
    parts = [
        f"## {data['name']}",
        f"{data['items']:,} test items; {data['n_train']:,} to learn from, {data['n_validation']:,} to choose on. "
        f"{data['near_copies']:,} rows to learn or choose from nearly copy a held-out row.",
        table(compared(home, runs), runs),
    ]
    if strict is not None:
        kept = strict["data"]
        parts.append(
            f"Without those near-copies ({kept['n_train']:,} to learn from), `best` errs by ${strict['mae']:.2f} {interval(strict['mae_ci95'])}."
        )
    if "tfidf-ridge" in learners:
        parts += ["What `tfidf-ridge` gains from more examples:", curve(home, file, data["n_train"])]
    if asked:
        first = [
            run
            for run in runs
            if run["predictor"] in ("median", "tfidf-ridge", "neighbours", "similar", "best", "blend")
        ]
        parts += [
            f"On the {llm_items} of these items that the LLM was asked about:",
            table(compared(home, [*first, *asked]), [*first, *asked]),
        ]
    return "\n\n".join(parts)


def curve(home: Path, file: Path, most: int) -> str:
    """The learning curve: error on the same test items against the number of training examples."""
    sizes = [size for size in (250, 500, 1000, 2000, 4000, 8000) if size < most]
    told = [evaluate(home, file, "--predictor", "tfidf-ridge", "--train", str(size)) for size in sizes]
    told.append(evaluate(home, file, "--predictor", "tfidf-ridge"))
    rows = [f"| {run['data']['n_train']:,} | {run['mae']:.2f} {interval(run['mae_ci95'])} |" for run in told]
    return "\n".join(["| examples | MAE, $ [95 %] |", "| --- | --- |", *rows])


def evaluate(home: Path, file: Path, *arguments: str) -> dict[str, Any]:
    """One run by the command."""
    print(f"{file.name} {' '.join(arguments)}", file=sys.stderr, flush=True)
    return assay(home, "evaluate", "--data", str(file), *arguments)


def compared(home: Path, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The runs on the items they share."""
    return assay(home, "compare", *(run["run"] for run in runs))


def table(comparison: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    """Best first. MAE, RMSLE and R2 are over all items a run answered, the difference over those that all runs answered; guesses are
    moved into the valid range."""
    by_folder = {run["run"]: run for run in runs}
    lines = [
        "| predictor | MAE, $ [95 %] | less the first's, same items | RMSLE | R² | within 20 % | failed | $ per 1,000 | seconds | group |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in comparison["rows"]:
        told = by_folder[row["folder"]]
        ends = row["difference_ci95"]
        beside = "" if row["difference"] is None else f"{row['difference']:+.2f} [{ends[0]:+.2f}, {ends[1]:+.2f}]"
        name, scores = told["called"], told["clipped"] or told
        lines.append(
            f"| {name} | {scores['mae']:.2f} {interval(scores['mae_ci95'])} | {beside} | {scores['rmsle']:.3f} | {scores['r2']:.3f} | "
            f"{scores['within_20_percent']:.0%} | {told['failures']} | {row['cost_per_1k_usd']} | {told['wall_s']:.0f} | {row['group']} |"
        )
    beyond = [run for run in runs if run["clipped"] and f"{run['clipped']['mae']:.2f}" != f"{run['mae']:.2f}"]
    notes = [f"{run['called']} also guessed beyond the valid range: MAE {run['mae']:.4g} as guessed." for run in beyond]
    return "\n".join([*lines, "", *(f"- {sentence}" for sentence in [*comparison["verdict"], *notes])])


def interval(ends: list[float]) -> str:
    return f"[{ends[0]:.2f}, {ends[1]:.2f}]"


def assay(home: Path, *arguments: str) -> dict[str, Any]:
    """A command's JSON."""
    done = subprocess.run(
        [ASSAY, *arguments, "--json"],
        check=False,
        env=os.environ | {"ASSAY_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stdout}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


if __name__ == "__main__":
    main()
