"""How well the offline planner understands questions: `python bench/planner.py tuning|held_out [--show]`.

A constraint is a (field, value) pair. Precision is the share of the planner's that were expected, recall the share of the
expected that it found, exact the share of questions with all right and none extra. Numbers may differ by 1 %.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
QUESTIONS = ROOT / "tests" / "agent" / "questions"


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested requirements with dotted keys, without the wishes' weights."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name == "wishes":
            continue
        found |= flat(value, f"{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def same(found: Any, wanted: Any) -> bool:
    """Equal as numbers within 1 %, as lists in any order, or as text."""
    if isinstance(wanted, list):
        return sorted(map(str, found)) == sorted(map(str, wanted))
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    try:
        return abs(float(found) - float(wanted)) <= 0.01 * abs(float(wanted))
    except (TypeError, ValueError):
        return str(found) == str(wanted)


def score(name: str, show: bool) -> dict[str, float]:
    """The figures over one file, overall and by language."""
    from agent.planner import understand
    from catalog.errors import BadInput

    rows = [json.loads(line) for line in (QUESTIONS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    hits = found_total = wanted_total = exact = 0
    by_language: dict[str, list[int]] = {}
    for row in rows:
        try:
            plan = understand(row["question"])
            found = flat(plan.requirements.model_dump(mode="json", exclude_defaults=True))
            emphasis = list(plan.emphasis)
        except BadInput as error:
            found, emphasis = {"error": str(error)}, []
        if emphasis:
            found["emphasis"] = emphasis
        wanted = {key: value for key, value in row["expected"].items() if (key, value) != ("quantization_bits", 4)}
        right = {key for key, value in wanted.items() if key in found and same(found[key], value)}
        whole = len(right) == len(wanted) == len(found)
        hits, found_total, wanted_total, exact = (
            hits + len(right),
            found_total + len(found),
            wanted_total + len(wanted),
            exact + whole,
        )
        by_language.setdefault(row["lang"], []).append(whole)
        if show and not whole:
            missing = {key: wanted[key] for key in wanted if key not in right}
            extra = {key: value for key, value in found.items() if key not in right}
            print(f"{row['id']} {row['question']}\n    missing {missing}\n    extra   {extra}")
    figures = {
        "questions": len(rows),
        "precision": hits / max(found_total, 1),
        "recall": hits / max(wanted_total, 1),
        "exact": exact / len(rows),
    }
    return figures | {f"exact_{language}": sum(found) / len(found) for language, found in sorted(by_language.items())}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    print({key: round(value, 3) for key, value in score(sys.argv[1], "--show" in sys.argv).items()})
