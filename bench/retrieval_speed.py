"""The product store beside the script that anyone would write (sentence-transformers and Chroma in their default settings), in turns.

    python bench/retrieval_speed.py index [FILE] [COUNT] [PAIRS]    whole processes: products in, a searchable store out
    python bench/retrieval_speed.py query [FILE] [COUNT]            one question at a time on COUNT products, and the recall of both
    python bench/retrieval_speed.py first [FILE] [PAIRS]            a question asked of a process that has just begun
    python bench/retrieval_speed.py memory [COUNT]                  what 100,000 products need: vectors made up, no model

FILE holds products as `assay evaluate --data` takes them; without one (or `-`) they are made up. Vectors are those of minilm. For
`query` and `first` the products' titles are what is encoded, for `index` their whole texts. Every home is a new folder: nothing is
taken from an earlier run. Ratios count; single times are of one machine and of what else it does.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from harness import ROOT, Spent, median, spent
from numpy.typing import NDArray

QUESTIONS = 200
PLAIN_INDEX = """
import json, sys
import chromadb
from sentence_transformers import SentenceTransformer

rows = [json.loads(line) for line in open(sys.argv[1])]
model = SentenceTransformer(sys.argv[3])
vectors = model.encode([row["text"] for row in rows])
collection = chromadb.PersistentClient(sys.argv[2]).create_collection("plain")
for start in range(0, len(rows), 5000):
    some = rows[start : start + 5000]
    collection.add(
        ids=[row["id"] for row in some],
        embeddings=vectors[start : start + 5000],
        documents=[row["text"] for row in some],
        metadatas=[{"title": row["title"]} for row in some],
    )
"""
OUR_INDEX = """
import json, sys
from pricer.store.product import Product
from pricer.store.store import create

create("ours").sync([Product(**json.loads(line)) for line in open(sys.argv[1])])
"""
PLAIN_FIRST = """
import sys
import chromadb
from sentence_transformers import SentenceTransformer

collection = chromadb.PersistentClient(sys.argv[1]).get_collection("plain")
found = collection.query(query_embeddings=SentenceTransformer(sys.argv[2]).encode([sys.argv[3]]), n_results=5)
print(found["ids"])
"""
OUR_FIRST = """
import sys
from pricer.store.search import search
from pricer.store.store import open_store

print([hit.product.id for hit in search(open_store("ours"), sys.argv[3])])
"""
MEMORY = """
import sys
sys.path.insert(0, "bench")
from retrieval_speed import memory_of
memory_of(*sys.argv[1:])
"""


def main() -> None:
    """Run the part that is named."""
    parts: dict[str, Callable[..., None]] = {"index": index, "query": query, "first": first, "memory": memory}
    if len(sys.argv) < 2 or sys.argv[1] not in parts:
        sys.exit(f"wanted one of {', '.join(parts)}")
    with tempfile.TemporaryDirectory() as folder:
        parts[sys.argv[1]](Path(folder), *sys.argv[2:])


def index(folder: Path, file: str = "-", count: str = "600", pairs: str = "3") -> None:
    """Both in turns: seconds of the clock and of the processors, model loading and imports included."""
    rows = products(folder, file, int(count))
    data = written(folder, rows)
    ours, plain = [], []
    for number in range(int(pairs)):
        ours.append(indexed_by_us(data, folder / f"home{number}"))
        plain.append(indexed_plainly(data, folder / f"plain{number}"))
    told(f"index {len(rows)} products", ours, plain)


def query(folder: Path, file: str = "-", count: str = "10000") -> None:
    """Recall of both against an exact search of the plain vectors, then each question to both in turn."""
    from pricer.store.product import Filter
    from pricer.store.search import search
    from pricer.store.store import open_store

    every = titles(products(folder, file, int(count) + QUESTIONS))
    rows, asked = every[QUESTIONS:], [row["text"] for row in every[:QUESTIONS]]
    data, home = written(folder, rows), folder / "home"
    ours, plain = [indexed_by_us(data, home)], [indexed_plainly(data, folder / "plain")]
    told(f"index {len(rows)} titles", ours, plain)

    model, collection = plain_parts(folder / "plain")
    vectors = np.asarray(collection.get(include=["embeddings"])["embeddings"])
    names = collection.get(include=[])["ids"]
    store = open_store("ours", root=home)
    near = store.nearest(store.encoder.queries(asked), 10, Filter())
    exact = best(model.encode(asked), vectors, names)
    for name, found in (
        ("ours", [[one.product.id for one in row] for row in near]),
        ("plain", collection.query(query_embeddings=model.encode(asked), n_results=10)["ids"]),
    ):
        print(f"recall@10 of {name:5} {recall(found, exact):.4f} against an exact search of the plain vectors")

    ways: dict[str, Callable[[str], object]] = {
        "plain": lambda text: collection.query(query_embeddings=model.encode([text]), n_results=5),
        "ours, dense": lambda text: search(store, text, 5, way="dense"),
        "ours, hybrid": lambda text: search(store, text, 5),
    }
    clock = {name: [] for name in ways}
    work = {name: [] for name in ways}
    for number, text in enumerate([*asked[:5], *asked]):
        for name, ask in ways.items():
            began, worked = time.perf_counter(), time.process_time()
            ask(text)
            if number >= 5:  # the first ones warm up
                clock[name].append((time.perf_counter() - began) * 1000)
                work[name].append((time.process_time() - worked) * 1000)
    for name in ways:
        p50, p99 = np.percentile(clock[name], [50, 99])
        base50, base99 = np.percentile(clock["plain"], [50, 99])
        print(
            f"{name:13} p50 {p50:7.1f} ms  p99 {p99:7.1f} ms   ratio to plain {p50 / base50:.2f} and {p99 / base99:.2f}   "
            f"processors p50 {np.median(work[name]):.1f} ms"
        )


def first(folder: Path, file: str = "-", pairs: str = "5", count: str = "1000") -> None:
    """A process that is asked one question: imports, model, collection, answer."""
    rows = titles(products(folder, file, int(count)))
    data, home, place = written(folder, rows), folder / "home", folder / "plain"
    indexed_by_us(data, home), indexed_plainly(data, place)
    arguments = [str(place), model_folder(), rows[0]["title"]]
    ours, plain = [], []
    for _ in range(int(pairs)):
        ours.append(ran(OUR_FIRST, *arguments, home=home))
        plain.append(ran(PLAIN_FIRST, *arguments))
    told("first answer of a new process", ours, plain)


def memory(_folder: Path, count: str = "100000") -> None:
    """Peak memory of a process that fills a store and asks it, and of one that does so with Chroma alone."""
    with tempfile.TemporaryDirectory() as home:
        ours = ran(MEMORY, "ours", count, home=Path(home))
    with tempfile.TemporaryDirectory() as place:
        plain = ran(MEMORY, "plain", count, place)
    print(f"{count} made-up vectors of 384 numbers, clustered")
    print(ours.out, plain.out, sep="", end="")
    told("fill and ask", [ours], [plain])


def memory_of(who: str, count: str, place: str = "") -> None:
    """The child of `memory`."""
    began = time.perf_counter()
    encoder, size = MadeUp(), int(count)
    if who == "ours":
        from pricer.store.product import Product
        from pricer.store.search import search
        from pricer.store.store import create

        store = create("ours", encoder=encoder)
        store.sync(Product(str(number), f"product {number}", f"product {number}") for number in range(size))
        search(store, "product 7", 5)
    else:
        import chromadb

        collection = chromadb.PersistentClient(place).create_collection("plain")
        vectors = encoder.passages([f"product {number}" for number in range(size)])
        for start in range(0, size, 5000):
            names = [str(number) for number in range(start, min(start + 5000, size))]
            texts = [f"product {name}" for name in names]
            collection.add(ids=names, embeddings=vectors[start : start + 5000], documents=texts)
        collection.query(query_embeddings=encoder.queries(["product 7"]), n_results=5)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{who:5} {peak_mb:.0f} MB at its peak, {time.perf_counter() - began:.0f} s")


class MadeUp:
    """Vectors around 500 centres, drawn from the number at a text's end."""

    name, fingerprint, dimensions = "made-up", "made-up-vectors-1", 384

    def __init__(self) -> None:
        self.centres = np.random.default_rng(0).normal(size=(500, 384))

    def passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        drawn = [int(text.rpartition(" ")[2]) for text in texts]
        rows = np.array([self.centres[one % 500] + np.random.default_rng(one).normal(size=384) for one in drawn])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.passages(texts)


def products(folder: Path, file: str, count: int) -> list[dict[str, Any]]:
    """So many products with distinct texts, of the file or made up; never those that are kept for testing."""
    from pricer.evaluation.material import Wanted, gather

    path = Path(file)
    if file == "-":
        from pricer.products.sources.sample import write_jsonl

        path = folder / "made_up.jsonl"
        write_jsonl(path, count * 4, 5)
    material = gather(Wanted(file=path), learns=True)
    listings = [*material.train.listings, *material.validation.listings]
    distinct = {listing.text or listing.title: listing for listing in listings}
    if len(distinct) < count:
        sys.exit(f"wanted {count} products with distinct texts, found {len(distinct)}")
    return [
        {"id": listing.id, "title": listing.title, "text": text, "category": listing.category}
        for text, listing in list(distinct.items())[:count]
    ]


def titles(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The products with their titles for texts."""
    return [row | {"text": row["title"]} for row in rows]


def written(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "products.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def indexed_by_us(data: Path, home: Path) -> Spent:
    return ran(OUR_INDEX, str(data), home=home)


def indexed_plainly(data: Path, place: Path) -> Spent:
    return ran(PLAIN_INDEX, str(data), str(place), model_folder())


def ran(script: str, *arguments: str, home: Path | None = None) -> Spent:
    """A script in a process of its own, which must end well."""
    done = spent([sys.executable, "-c", script, *arguments], {"ASSAY_HOME": str(home), "PYTHONPATH": str(ROOT)})
    assert done.code == 0, (done.code, script)
    return done


def model_folder() -> str:
    """The folder whose weights both use."""
    from pricer.store.encoder import source
    from pricer.store.weights import weights

    return str(weights(source("minilm")).folder)


def plain_parts(place: Path) -> tuple[Any, Any]:
    """The plain script's model and collection, in this process."""
    import chromadb
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(model_folder()), chromadb.PersistentClient(str(place)).get_collection("plain")


def best(asked: NDArray[np.float32], vectors: NDArray[np.float32], names: Sequence[str]) -> list[list[str]]:
    """The ten nearest of each, by looking at all of them."""
    return [[names[at] for at in np.argsort(-row)[:10]] for row in asked @ vectors.T]


def recall(found: Sequence[Sequence[str]], exact: Sequence[Sequence[str]]) -> float:
    """Share of the exact ten that were found."""
    return float(np.mean([len(set(row) & set(right)) / len(right) for row, right in zip(found, exact, strict=True)]))


def told(what: str, ours: list[Spent], plain: list[Spent]) -> None:
    """Medians of both, and how many times faster ours is."""
    for name, runs in (("ours", ours), ("plain script", plain)):
        print(
            f"{what}: {name:12} {median(runs, 'wall_s'):7.1f} s {median(runs, 'cpu_s'):7.1f} CPU-s {median(runs, 'peak_mb'):6.0f} MB"
        )
    wall, cpu = (median(plain, part) / median(ours, part) for part in ("wall_s", "cpu_s"))
    pairs = ", ".join(
        f"{other.wall_s / mine.wall_s:.2f} and {other.cpu_s / mine.cpu_s:.2f}"
        for mine, other in zip(ours, plain, strict=True)
    )
    print(f"{what}: {wall:.2f} times as fast by the clock, {cpu:.2f} by processor time (pairs: {pairs})", flush=True)


if __name__ == "__main__":
    main()
