"""What each scrub rule, the part-number threshold and the token budget change in error.

    python bench/ablation.py ../shared/data/amazon2023.jsonl.gz [OUT.md]

For every variant the raw records are curated anew, a TF-IDF ridge (words and pairs of words, log price) is fitted on the training
items and scored on the validation items of the leak-free data set; the test items are not touched. Against the settings as they
ship each variant has a paired difference of absolute errors with a 95 % bootstrap interval (5,000 draws, seed 0).
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from pricer.products.curate import Settings, curate
from pricer.products.engine import Engine
from pricer.products.load import load, request
from pricer.products.rules import PART_NUMBER, Rules
from pricer.products.shards import Raw
from pricer.products.sources import files

DRAWS = 5_000
DESCRIPTION_FIRST = ("title", "features", "description", "details")
NO_RULES = Rules((), None)


@dataclass(frozen=True)
class Variant:
    """Settings under a name."""

    name: str
    settings: Settings


def variants(base: Settings) -> Iterator[Variant]:
    """The settings as they ship, then each change to them."""
    yield Variant("as shipped", base)
    yield Variant("no rule at all", replace(base, rules=NO_RULES))
    for kind in ("detail", "text"):
        rows = tuple(rule for rule in base.rules.rows if rule.kind != kind)
        yield Variant(f"no {kind} rules", replace(base, rules=replace(base.rules, rows=rows)))
    for name in [*(rule.name for rule in base.rules.rows), PART_NUMBER]:
        yield Variant(f"without {name}", replace(base, rules=base.rules.without(name)))
    for least in (5, 6, 7, 10, 12):
        yield Variant(
            f"part numbers from {least} characters", replace(base, rules=replace(base.rules, part_number_chars=least))
        )
    yield Variant("description before details", replace(base, order=DESCRIPTION_FIRST))
    for budget in (120, 200, 240):
        changed = replace(base, order=DESCRIPTION_FIRST, text_tokens=budget, prompt_tokens=budget + 20)
        yield Variant(f"description before details, {budget} tokens", changed)
    for budget in (20, 40, 80, 120, 200, 240, 320, 2_000):
        yield Variant(f"{budget} tokens", replace(base, text_tokens=budget, prompt_tokens=budget + 20))


def main(path: Path) -> str:
    """The table, as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = request(files.local([str(path)]), name="ablation")
        dataset = load(wanted, Engine(), Path(folder))
        split = {item.listing.id: item.split for item in dataset.items()}
    with gzip.open(path) as lines:
        raws = [Raw(number, orjson.loads(line)) for number, line in enumerate(lines, 1)]
    rows, shipped = [], None
    for variant in variants(wanted.settings):
        errors = _errors(raws, variant.settings, split)
        shipped = errors if shipped is None else shipped
        rows.append(_row(variant.name, errors, shipped))
        print(rows[-1], file=sys.stderr)
    head = ["| variant | MAE, $ | difference from as shipped [95 %] |", "| --- | --- | --- |"]
    return "\n".join([f"{len(shipped or {})} validation items.", "", *head, *rows]) + "\n"


def _errors(raws: list[Raw], settings: Settings, split: dict[str, str]) -> dict[str, float]:
    """The absolute error of each validation item, in US dollars."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    items = curate(raws, "amazon", settings).items.select(["id", "text", "target"]).to_pylist()
    train = [item for item in items if split.get(item["id"]) == "train"]
    held_out = [item for item in items if split.get(item["id"]) == "validation"]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = Ridge(alpha=1.0, solver="sparse_cg", random_state=0)
    model.fit(words.fit_transform(_texts(train)), np.log1p([item["target"] for item in train]))
    guesses = np.expm1(model.predict(words.transform(_texts(held_out))))
    return {item["id"]: abs(item["target"] - guess) for item, guess in zip(held_out, guesses, strict=True)}


def _texts(items: list[dict[str, Any]]) -> list[str]:
    return [item["text"] for item in items]


def _row(name: str, errors: dict[str, float], shipped: dict[str, float]) -> str:
    """The variant's error on all its items, and the difference on those it has in common with the settings as they ship."""
    common = sorted(errors.keys() & shipped.keys())
    difference = np.array([errors[item] - shipped[item] for item in common])
    draws = np.random.default_rng(0).integers(0, len(difference), (DRAWS, len(difference)))
    low, high = np.quantile(difference[draws].mean(axis=1), [0.025, 0.975])
    mae = np.mean(list(errors.values()))
    return f"| {name} | {mae:.2f} | {difference.mean():+.2f} [{low:+.2f}, {high:+.2f}] |"


if __name__ == "__main__":
    table = main(Path(sys.argv[1]))
    Path(sys.argv[2]).write_text(table, encoding="utf-8") if len(sys.argv) > 2 else print(table)
