"""Curation against a straightforward loop, and its growth: `python bench/curation.py [SIZE ...]`, by default 10000 100000 1000000.

For each size a synthetic raw file is written once. `assay data load` runs as a process of its own; its wall time and the largest
memory of the whole process tree (sampled twice a second) are taken. The loop does the same work record by record in plain Python:
json, cleaning, the same rules, the same tokenizer and budgets, a 128-hash MinHash in numpy; it runs in the same run on the
first 10,000 records, and its rate is what the speed-up is measured against. Only ratios count; seconds are of this machine.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pricer.products.messages import LARGEST, question
from pricer.products.rules import default_rules
from pricer.products.sources.sample import write_jsonl

LOOP_RECORDS = 10_000
PRIME = (1 << 61) - 1
COEFFICIENTS = np.random.default_rng(1).integers(1, PRIME, (2, 128), dtype=np.uint64)


def main(sizes: list[int]) -> Iterator[str]:
    """The lines of the report."""
    with tempfile.TemporaryDirectory() as folder:
        root, rates = Path(folder), list[float]()
        for size in sizes:
            path = root / f"raw-{size}.jsonl"
            write_jsonl(path, size)
            seconds, peak_mb = _load(path, root / f"home-{size}")
            rates.append(size / seconds)
            yield f"{size:>9,} records  {seconds:7.1f} s  {rates[-1]:7.0f} records/s  peak {peak_mb:5.0f} MB"
        loop_rate = _loop_rate(root / f"raw-{sizes[0]}.jsonl")
        yield f"loop on {LOOP_RECORDS:,}: {loop_rate:.0f} records/s; the largest load runs at {rates[-1] / loop_rate:.1f} times that"


def _load(path: Path, home: Path) -> tuple[float, float]:
    """Wall seconds and peak megabytes of a load, worker processes included."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "agent", "data", "load", str(path), "--json"]
    process = subprocess.Popen(command, env={**os.environ, "ASSAY_HOME": str(home)}, stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(_resident_mb(pid) for pid in _tree(process.pid)))
        time.sleep(0.5)
    assert process.returncode == 0, "the load failed"
    return time.perf_counter() - started, peak


def _tree(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _tree(int(child))


def _resident_mb(pid: int) -> float:
    """Proportional resident memory: pages shared between processes count once."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0


def _loop_rate(path: Path) -> float:
    """Records a second of the loop."""
    import quicktok

    rules, encoder = default_rules(), quicktok.get_encoding("llama3")
    named, texts = ([re.compile(rule.pattern) for rule in rules.kind(kind)] for kind in ("detail", "text"))
    started, count = time.perf_counter(), 0
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            count += 1
            _one(json.loads(line), named, texts, encoder)
            if count == LOOP_RECORDS:
                break
    return count / (time.perf_counter() - started)


def _one(record: dict, named: list, texts: list, encoder: object) -> tuple | None:  # type: ignore[type-arg]
    """One record the obvious way: its text and its two signatures, or nothing when its price cannot be used."""
    try:
        usd = float(str(record["price"]).replace("$", "").replace(",", ""))
    except ValueError:
        return None
    if not 0.5 <= usd <= 999.49:
        return None
    details = json.loads(record["details"]) if isinstance(record["details"], str) else record["details"]
    kept = {name: value for name, value in details.items() if not any(rule.fullmatch(name) for rule in named)}
    parts = [record["title"] or "", "; ".join(record["features"]), " ".join(record["description"])]
    parts += [f"{name}: {value}" for name, value in kept.items()]
    lines = [_without_part_numbers(_clean(part)) for part in parts]
    text = "\n".join(line for line in lines if line)
    for rule in texts:
        text = rule.sub(" ", text)
    ids = encoder.encode_ordinary(text)  # type: ignore[attr-defined]
    if len(ids) > 160:
        text = encoder.decode(ids[:160])  # type: ignore[attr-defined]
    encoder.count(question(text) + LARGEST)  # type: ignore[attr-defined]
    return text, _minhash(lines[0], 1), _minhash(text, 3)


def _clean(text: str) -> str:
    text = re.sub(r"<[^>]+>", " ", html.unescape(text))
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", re.sub(r"[\x00-\x1f【】★●]+", " ", text))).strip()


def _without_part_numbers(text: str) -> str:
    return " ".join(word for word in text.split() if len(word) < 8 or not any(char.isdigit() for char in word))


def _minhash(text: str, ngram: int) -> object:
    words = re.findall(r"\w+", text.lower())
    least = np.full(128, 2**32 - 1, np.uint64)
    for run in {" ".join(words[at : at + ngram]) for at in range(len(words) - ngram + 1)}:
        hashed = np.uint64(int.from_bytes(hashlib.sha1(run.encode()).digest()[:4], "little"))
        least = np.minimum(
            least, (COEFFICIENTS[0] * hashed + COEFFICIENTS[1]) % np.uint64(PRIME) & np.uint64(2**32 - 1)
        )
    return least


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    np.seterr(over="ignore")
    for line in main([int(size) for size in sys.argv[1:]] or [10_000, 100_000, 1_000_000]):
        print(line, flush=True)
