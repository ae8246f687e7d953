"""A product store by name: kept in step with a data set, changed by hand, searched, checked and repaired."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pricer.errors import BadInput, PricerError
from pricer.products.dataset import open_dataset
from pricer.products.items import SPLITS
from pricer.store import manifest as told
from pricer.store.collection import Collection
from pricer.store.journal import Journal
from pricer.store.lexical import Words
from pricer.store.manifest import Told, stores_folder
from pricer.store.place import Embedded, Place, Served, Torn, checked_address
from pricer.store.product import BATCH, Changes, Filter, Near, Product, products

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pricer.store.encoder import Encoder

__all__ = [
    "Changes", "Filter", "Near", "Product", "Store", "Told", "create", "installed", "open_store", "stores_folder",
]  # fmt: skip

JOURNAL, LOCK, TURN, CHROMA = "journal.jsonl", ".lock", ".turn", "chroma"
EVERYWHERE = Filter()

Report = Callable[[int, int], None]


def quiet(done: int, total: int) -> None:
    """Tell nobody."""


class Store:
    """An open store. Threads and processes may read it together; one at a time writes it."""

    def __init__(self, folder: Path, manifest: dict[str, Any], encoder: Encoder | None = None) -> None:
        self.folder = folder
        self.manifest = manifest
        self.words = Words(folder)
        self._journal = Journal(folder / JOURNAL)
        self._encoder = None if encoder is None else self._same(encoder)
        self._held: Place | None = None

    @property
    def name(self) -> str:
        """The name it is called by."""
        return self.folder.name

    @property
    def encoder(self) -> Encoder:
        """The encoder that made its vectors, loaded when it is first asked for; `BadInput` when the one of that name is another now."""
        from pricer.store.encoder import encoder

        if self._encoder is None:
            self._encoder = self._same(encoder(self.manifest["encoder"]["name"]))
        return self._encoder

    def source(self) -> Iterator[Product]:
        """The products of the data set that the store was made from; `BadInput` when it was made from none."""
        if not (dataset := self.manifest["dataset"]):
            raise BadInput(f"store {self.name} was not made from a data set by name; index its products again")
        return products(open_dataset(dataset, self.folder.parent.parent), tuple(self.manifest["splits"]))

    def sync(self, products: Iterable[Product], report: Report = quiet) -> Changes:
        """Hold exactly these products besides those added by hand, less those removed by hand; of two with one id the first.

        Killed at any moment, the same call goes on: what is there and unchanged is neither encoded nor written again. `report` hears
        how many are done, of how many (0: not known).
        """
        with self._alone():
            place = self._place()
            try:
                with place.reading():
                    pass
            except Torn:
                place.make()
            return self._bring(place, products, report)

    def add(self, products: Iterable[Product], report: Report = quiet) -> Changes:
        """Add products by hand, in place of what has their ids. They are found at once and outlive every sync and repair."""
        total, done = len(products) if isinstance(products, Sized) else 0, 0
        changes: Counter[str] = Counter()
        with self._alone():
            place, standing = self._place(), self._journal.standing()
            rows = iter(products)
            while block := list(islice(rows, BATCH)):
                latest = {product.id: _checked(product) for product in block}
                with place.reading() as collection:
                    known = collection.hashes(list(latest))
                changed = [one for one in latest.values() if known.get(one.id) != one.content_hash]
                vectors = self._vectors(changed)  # first: what cannot be encoded is not added
                self._journal.add(one for one in latest.values() if one in changed or standing.get(one.id) is None)
                self._write(place, changed, vectors)
                _count(changes, latest.values(), known)
                done += len(block)
                report(done, total)
        return Changes(**changes)

    def remove(self, ids: Iterable[str]) -> Changes:
        """Remove products by hand; they stay away through every sync and repair until they are added by hand. Ids that are not there
        change nothing."""
        with self._alone():
            place = self._place()
            with place.reading() as collection:
                known = list(collection.hashes(list(dict.fromkeys(ids))))
            self._journal.remove(known)
            self._drop(place, known)
        return Changes(deleted=len(known))

    @contextmanager
    def reading(self) -> Iterator[Collection]:
        """A turn to read, for what needs more than one look: in the collection that a repair may just have put in place of the one before."""
        with ExitStack() as stack:
            while True:
                place = self._place()
                try:
                    collection = stack.enter_context(place.reading())
                    break
                except PricerError:
                    if self._place() is place:
                        raise
            yield collection

    def nearest(self, vectors: NDArray[np.float32], k: int, only: Filter = EVERYWHERE) -> list[list[Near]]:
        """For each row of `vectors` `(n, dimensions)` its `k` nearest products that pass the filter, nearest first."""
        wanted = self.manifest["encoder"]["dimensions"]
        if vectors.ndim != 2 or vectors.shape[1] != wanted or k < 1:
            raise BadInput(f"wanted vectors of shape (n, {wanted}) and k from 1, found {vectors.shape} and {k}")
        if not len(vectors):
            return []
        with self.reading() as collection:
            return collection.nearest(vectors, k, only)

    def products(self, ids: Sequence[str]) -> list[Product]:
        """The products with these ids, in their order; what is not there is left out."""
        with self.reading() as collection:
            return collection.products(ids)

    def count(self) -> int:
        """How many products it holds."""
        with self.reading() as collection:
            return collection.count()

    def everything(self, portion: int = 1000) -> Iterator[tuple[list[Product], NDArray[np.float32]]]:
        """All products with their vectors `(n, dimensions)`, a portion at a time, in the order in which they came."""
        with self.reading() as collection:
            ids, size = collection.ids(), min(portion, collection.page)
        for start in range(0, len(ids), size):
            with self.reading() as collection:
                yield collection.portion(ids[start : start + size])

    def check(self) -> list[str]:
        """What is wrong, in words; nothing when all is well. Reads everything: some seconds for 100,000 products."""
        found = [*self._place().faults(), *(self.words.faults() if self.words.path.is_file() else [])]
        try:
            standing = self._journal.standing()
            _ = self.encoder
        except BadInput as error:
            return [*found, str(error)]
        return found or self._out_of_step(standing)

    def repair(self, report: Report = quiet) -> Changes:
        """Build the collection anew from the data set and the journal, beside the old one, and put it in its place when it is complete.

        Kept vectors are taken, so no text is encoded twice. Killed at any moment, the same call goes on, and until then the old one
        stays in use. The changes are those of building from nothing.
        """
        with self._alone():
            source = self.source() if self.manifest["dataset"] else iter(self._rescued())
            if self.words.faults():
                self.words.clear()
            old, generation = self._place(), self.manifest["generation"] + 1
            new = self._place_of(generation)
            try:
                with new.reading():
                    pass
            except PricerError:
                new.make()
            changes = self._bring(new, source, report)
            told.write(self.folder, self.manifest | {"generation": generation})
            new.close()
            old.discard()
            return changes

    def close(self) -> None:
        """Give memory and connections back; the store can be used again."""
        if self._held:
            self._held.close()

    # --- writing

    def _bring(self, place: Place, wanted: Iterable[Product], report: Report) -> Changes:
        """Have the place and the words hold what is wanted and what stands in the journal, and nothing else."""
        standing = self._journal.standing()
        total = len(wanted) + len(standing) if isinstance(wanted, Sized) else 0
        by_data = (product for product in wanted if product.id not in standing)
        with place.reading() as collection:
            known = collection.hashes()
        spelt = self._spelt()
        changes: Counter[str] = Counter()
        seen: set[str] = set()
        due: list[Product] = []
        unspelt: list[Product] = []
        for product in chain(self._journal.products(standing), by_data):
            if product.id in seen:
                continue
            seen.add(_checked(product).id)
            hashed = product.content_hash
            _count(changes, [product], known)
            if known.get(product.id) != hashed:
                due.append(product)
            elif spelt.get(product.id) != hashed:
                unspelt.append(product)
            if len(due) == BATCH:
                self._write(place, due, self._vectors(due))
                due = []
            if len(unspelt) == BATCH:
                self.words.put(unspelt)
                unspelt = []
            if len(seen) % BATCH == 0:
                report(len(seen), max(total, len(seen)) if total else 0)
        self._write(place, due, self._vectors(due))
        self.words.put(unspelt)
        gone = [one for one in known if one not in seen]
        self._drop(place, gone)
        self.words.drop([one for one in spelt if one not in seen])
        report(len(seen), len(seen))
        return Changes(**changes, deleted=len(gone))

    def _vectors(self, products: Sequence[Product]) -> NDArray[np.float32]:
        from pricer.store.vectors import Vectors

        return Vectors(self.encoder).passages([product.passage for product in products])

    def _write(self, place: Place, products: Sequence[Product], vectors: NDArray[np.float32]) -> None:
        # The words first: what a kill then leaves out of step is found by the collection's hashes, and written again.
        if products:
            self.words.put(products)
            with place.writing() as collection:
                collection.put(products, vectors)

    def _drop(self, place: Place, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            self.words.drop(some)
            with place.writing() as collection:
                collection.drop(some)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While this one writes no other does; `BadInput` when another does already."""
        with alone(self.folder):
            self.manifest = told.read(self.folder)
            yield

    # --- inside

    def _place(self) -> Place:
        now = told.read(self.folder)
        if self._held is None or now["generation"] != self.manifest["generation"]:
            self.manifest = now
            self._held = self._place_of(now["generation"])
        return self._held

    def _place_of(self, generation: int) -> Place:
        kept, server = self.manifest["encoder"], self.manifest["server"]
        metadata = {"encoder": kept["name"], "fingerprint": kept["fingerprint"], "store": self.manifest["id"]}
        if server:
            return Served(self.name, server, f"{self.name}-{self.manifest['id']}-{generation}", metadata)
        return Embedded(self.name, self.folder / CHROMA / str(generation), self.folder / TURN, metadata)

    def _same(self, encoder: Encoder) -> Encoder:
        kept = self.manifest["encoder"]
        if encoder.fingerprint != kept["fingerprint"]:
            raise BadInput(
                f"store {self.name} holds vectors of {kept['name']} ({kept['fingerprint'][:12]}), and the encoder is "
                f"{encoder.name} ({encoder.fingerprint[:12]}): they do not compare; get that encoder back, or index the "
                f"products again with this one under another name: {told.INDEX}"
            )
        return encoder

    def _out_of_step(self, standing: dict[str, int | None]) -> list[str]:
        with self.reading() as collection:
            known = collection.hashes()
        spelt = self._spelt()
        apart = len(known.items() ^ spelt.items())
        late = sum((offset is not None) != (one in known) for one, offset in standing.items())
        found = [f"the word index differs from the collection in {apart} places"] if apart else []
        return found + ([f"{late} changes by hand are not applied yet"] if late else [])

    def _spelt(self) -> dict[str, str]:
        """What the word index holds: the content hash of each product, by id."""
        return self.words.known() if self.words.path.is_file() else {}

    def _rescued(self) -> Iterator[Product]:
        """The products of a store without a data set, out of the collection that is to be built anew, if it still gives them."""
        try:
            with self.reading() as collection:
                ids = collection.ids()
        except PricerError as error:
            raise BadInput(f"{error}; but it was made without a data set by name: index its products again") from None
        for start in range(0, len(ids), BATCH):
            yield from self.products(ids[start : start + BATCH])


def create(
    name: str,
    encoder_name: str = "minilm",
    server: str | None = None,
    dataset: str | None = None,
    *,
    splits: tuple[str, ...] = SPLITS,
    encoder: Encoder | None = None,
    root: Path | None = None,
) -> Store:
    """The store of that name, made empty; or as it is when it was made with the same arguments. `BadInput` when with others.

    `server` is `http://host:port`, or "cloud" (with CHROMA_API_KEY, CHROMA_TENANT and CHROMA_DATABASE in the environment); without
    one the collection lies in the store's folder. `encoder` is given instead of a name by whoever has it already.
    """
    from pricer.store.encoder import encoder as named

    folder = told.checked_folder(name, root)
    encoder = encoder or named(encoder_name)
    manifest = told.new(encoder, checked_address(server), dataset, splits)
    with alone(folder):
        if told.exists(folder):
            there = told.read(folder)
            told.refuse_other(name, there, manifest)
            return Store(folder, there, encoder)
        store = Store(folder, manifest, encoder)
        store._place_of(manifest["generation"]).make()
        told.write(folder, manifest)
    return store


def open_store(name: str, *, encoder: Encoder | None = None, root: Path | None = None) -> Store:
    """The store of that name; `BadInput` says which there are, or that `encoder` is not the one that made its vectors."""
    folder = stores_folder(root) / name
    if not told.exists(folder) or folder.parent != stores_folder(root):
        raise told.unknown(name, [one.name for one in installed(root)])
    return Store(folder, told.read(folder), encoder)


def installed(root: Path | None = None) -> list[Told]:
    """What the manifests tell of the stores, by name; none is opened."""
    return told.installed(root)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The right to write a store; `BadInput` when another process has it."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise BadInput(
            f"store {folder.name}: another process is writing it; it can be searched, but wait to change it"
        ) from None
    except OSError as error:
        raise BadInput(f"store {folder.name}: cannot write in {folder}: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


def _count(changes: Counter[str], products: Iterable[Product], known: dict[str, str]) -> None:
    for product in products:
        if (hashed := known.get(product.id)) is None:
            changes["added"] += 1
        else:
            changes["unchanged" if hashed == product.content_hash else "changed"] += 1


def _checked(product: Product) -> Product:
    """The product, if it can be kept."""
    wrong = None
    if not product.id or not product.passage.strip():
        wrong = "an id and a title or text"
    elif product.price is not None and not math.isfinite(product.price):
        wrong = "a price that is a number, or none"
    elif any(isinstance(value, str) and not _is_utf8(value) for value in (product.id, product.title, product.text)):
        wrong = "text that UTF-8 can hold"
    if wrong:
        raise BadInput(
            f"product {product.id!r} ({product.source or 'added by hand'}): wanted {wrong}, found {product!r:.200}"
        )
    return product


def _is_utf8(text: str) -> bool:
    return text.encode(errors="replace").decode() == text
