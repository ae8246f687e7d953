"""Where a store's collection lies: in a folder, embedded in this process, or on a Chroma server. Both give it for a turn at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pricer.errors import BadInput, PricerError
from pricer.store import seal, vet
from pricer.store.collection import PAGE, SETTINGS, Collection

CLOUD = "cloud"
CLOUD_PAGE = 250  # Chroma Cloud gives and takes at most 300 records at once
CLOUD_VARIABLES = ("CHROMA_API_KEY", "CHROMA_TENANT", "CHROMA_DATABASE")
ANSWER_S = 60.0
TURN_S = 120.0  # the longest that another process's batch may take
EMBEDDED = "products"  # the collection's name where a folder holds no other


class Place(Protocol):
    """What a store needs of it. A turn sees what every turn before it wrote, in whatever process."""

    def make(self) -> None:
        """An empty collection, in place of a half-made one."""

    def reading(self) -> AbstractContextManager[Collection]:
        """A turn to read. `PricerError` when the collection is damaged or out of reach."""

    def writing(self) -> AbstractContextManager[Collection]:
        """A turn to write: what is written is there for every turn after it, or the collection is known to be in doubt."""

    def faults(self) -> list[str]:
        """What is wrong with it, in words."""

    def discard(self) -> None:
        """Delete the collection."""

    def close(self) -> None:
        """Give memory and connections back; the next turn opens it again."""


@dataclass(slots=True)
class Opened:
    """A client, its collection, and what the folder was when they were opened or last written."""

    client: Any
    collection: Collection
    stamp: seal.Stamp | None = None


# One opening for each folder in a process: Chroma keeps an index of its own in each, and they would not hear of each other.
_OPEN: dict[Path, Opened] = {}


@dataclass(frozen=True, slots=True)
class Embedded:
    """A collection in `folder`. Chroma lets processes write over each other's index files, hence one turn at a time, by `lock`, and
    an opening that others have written behind is opened anew."""

    store: str
    folder: Path
    lock: Path
    metadata: dict[str, Any]

    def make(self) -> None:
        with self._turn(), told(self.store, str(self.folder)):
            self._close()
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            seal.mark(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            client = _client(self.folder)
            made = client.create_collection(
                EMBEDDED,
                embedding_function=None,
                configuration=SETTINGS,
                metadata=self.metadata,
            )
            opened = _OPEN[self.folder] = Opened(client, Collection(made))
            self._seal(opened)

    @contextmanager
    def reading(self) -> Iterator[Collection]:
        with self._turn(), told(self.store, str(self.folder)):
            opened = self._opened()
            try:
                yield opened.collection
                if opened.stamp != seal.stamp(self.folder):
                    self._seal(opened)  # reading a long queue of changes may have moved them into the index files
            except BaseException:
                self._close()
                raise

    @contextmanager
    def writing(self) -> Iterator[Collection]:
        with self._turn(), told(self.store, str(self.folder)):
            opened = self._opened()
            try:
                seal.mark(self.folder)
                yield opened.collection
                self._seal(opened)
            except BaseException:
                self._close()
                raise

    def faults(self) -> list[str]:
        with self._turn():
            if found := self._file_faults():
                return found
        return _faults_inside(self)

    def discard(self) -> None:
        with self._turn():
            self._close()
            shutil.rmtree(self.folder, ignore_errors=True)
            seal.unmark(self.folder)

    def close(self) -> None:
        with self._turn():
            self._close()

    def _close(self) -> None:
        if opened := _OPEN.pop(self.folder, None):
            opened.client.close()

    def _forget_discarded(self) -> None:
        """Close what a repair, perhaps another process's, has put this one in the place of."""
        for folder in [one for one in _OPEN if one.parent == self.folder.parent and not one.exists()]:
            _OPEN.pop(folder).client.close()

    def _file_faults(self) -> list[str]:
        if not (database := self.folder / seal.DATABASE).is_file():
            return [f"{seal.DATABASE} is missing"]
        if found := _database_faults(database):
            return found
        changed = [] if seal.marked(self.folder) else seal.differing(self.folder, thorough=True)
        return [f"{name} is not as it was written" for name in changed]

    def _opened(self) -> Opened:
        stamp = seal.stamp(self.folder)
        held = _OPEN.get(self.folder)
        if held and held.stamp == stamp:
            return held
        self._close()
        self._trust()
        self._forget_discarded()
        opened = _OPEN[self.folder] = connected(self.folder, EMBEDDED)
        self._same(opened.collection)
        opened.stamp = seal.stamp(self.folder)
        if opened.stamp != stamp or seal.marked(self.folder):
            self._seal(opened)  # nobody else is at work now, and what a killed writer left has proved sound
        return opened

    def _trust(self) -> None:
        """Nothing, when the files may be given to Chroma."""
        there = (self.folder / seal.DATABASE).is_file()
        if not there and not seal.marked(self.folder):
            raise self._damaged(f"{seal.DATABASE} is missing")
        if there and not (changed := seal.differing(self.folder)):
            return
        if there and not seal.marked(self.folder):
            raise self._damaged(f"{', '.join(changed)} not as it was written")
        if wrong := vet.survives(self.folder, EMBEDDED) if there else f"{seal.DATABASE} is missing":
            raise self._damaged(f"{wrong}; its last writer was killed", Torn)

    def _same(self, collection: Collection) -> None:
        known, count = seal.read(self.folder), collection.count()
        if known and known.count != count and not seal.marked(self.folder):
            raise self._damaged(f"wanted {known.count} products, found {count}")
        if dict(collection.chroma.metadata or {}) != self.metadata:
            raise self._damaged(f"wanted a collection of {self.metadata}, found {collection.chroma.metadata}")

    def _seal(self, opened: Opened) -> None:
        seal.write(self.folder, opened.collection.count())
        seal.unmark(self.folder)
        opened.stamp = seal.stamp(self.folder)

    def _damaged(self, why: str, kind: type[Damaged] | None = None) -> Damaged:
        self._close()
        return (kind or Damaged)(self.store, f"{self.folder.parent.name}/{self.folder.name}", why)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        try:
            lock = FileLock(self.lock, timeout=TURN_S)
            lock.acquire()
        except Timeout:
            raise PricerError(
                f"store {self.store}: another process has held it for {TURN_S:.0f} s; let it end, then try again"
            ) from None
        except OSError as error:
            raise PricerError(
                f"store {self.store}: cannot take turns in {self.lock}: {error.strerror or error}"
            ) from None
        try:
            yield
        finally:
            lock.release()


class Damaged(PricerError):
    """The collection cannot be used as it is, and can be built again."""

    def __init__(self, store: str, where: str, why: str) -> None:
        super().__init__(f"store {store}: {where} is damaged ({why}); mend it: assay store repair {store}")


class Torn(Damaged):
    """The collection's writer was killed at the one moment that leaves no sound index: what it held is to be written again."""


@dataclass(slots=True)
class Served:
    """A collection on a Chroma server at `address` (`http://host:port`, or "cloud")."""

    store: str
    address: str
    name: str
    metadata: dict[str, Any]
    _held: tuple[ExitStack, Collection] | None = None

    def make(self) -> None:
        with self._told(), _served_client(self.address) as client:
            if self.name in [one.name for one in client.list_collections()]:
                client.delete_collection(self.name)
            client.create_collection(self.name, embedding_function=None, configuration=SETTINGS, metadata=self.metadata)

    @contextmanager
    def reading(self) -> Iterator[Collection]:
        with self._told():
            try:
                yield self._collection()
            except BaseException:
                self.close()
                raise

    def writing(self) -> AbstractContextManager[Collection]:
        return self.reading()

    def faults(self) -> list[str]:
        return _faults_inside(self)

    def discard(self) -> None:
        self.close()
        with self._told(), _served_client(self.address) as client:
            client.delete_collection(self.name)

    def close(self) -> None:
        held, self._held = self._held, None
        if held:
            held[0].close()

    def _collection(self) -> Collection:
        if self._held is None:
            with ExitStack() as stack:
                client = stack.enter_context(_served_client(self.address))
                chroma = client.get_collection(self.name, embedding_function=None)
                if (found := dict(chroma.metadata or {})) != self.metadata:
                    raise Damaged(self.store, self.name, f"wanted a collection of {self.metadata}, found {found}")
                collection = Collection(chroma, CLOUD_PAGE if self.address == CLOUD else PAGE)
                self._held = stack.pop_all(), collection
        return self._held[1]

    def _told(self) -> AbstractContextManager[None]:
        return told(self.store, self.name, self.address)


def _faults_inside(place: Place) -> list[str]:
    """What is wrong with what the collection holds, in words, or why it cannot be read."""
    try:
        with place.reading() as collection:
            return vet.faults(collection)
    except PricerError as error:
        return [str(error)]


def connected(folder: Path, name: str) -> Opened:
    """The collection of that name in a folder, opened; Chroma's own errors."""
    client = _client(folder)
    try:
        return Opened(client, Collection(client.get_collection(name, embedding_function=None)))
    except BaseException:
        client.close()
        raise


def checked_address(server: str | None) -> str | None:
    """The server's address as it is kept; `BadInput` when it is none, or holds what must not be kept."""
    if server is None or server == CLOUD:
        return server
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise BadInput(f"--server: wanted http://HOST:PORT or {CLOUD!r}, found {parts.hostname or server!r}")
    if parts.username or parts.password:
        raise BadInput("--server: wanted an address without a user or password in it; they would be kept on disk")
    return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 8000)}"


@contextmanager
def told(store: str, where: str, address: str | None = None) -> Iterator[None]:
    """Chroma's errors in our words: which store, where, and how to mend it. No key is in them."""
    import httpx
    from chromadb.errors import ChromaAuthError, ChromaError, NotFoundError

    try:
        yield
    except ChromaAuthError:
        raise BadInput(
            f"store {store}: the server at {address} refuses the key; set {', '.join(CLOUD_VARIABLES)}"
        ) from None
    except NotFoundError as error:
        if address:
            raise Damaged(store, f"{where} on the server at {address}", "it is not there") from None
        raise Damaged(store, where, _short(error)) from None
    except ChromaError as error:
        if "disk is full" in str(error):
            raise PricerError(f"store {store}: no space left for {where}; free some, then run the same again") from None
        raise Damaged(store, f"{where} on the server at {address}" if address else where, _short(error)) from None
    except (httpx.HTTPError, ConnectionError) as error:
        raise _unreachable(store, address, error) from None
    except OSError as error:
        raise PricerError(
            f"store {store}: {where}: {error.strerror or error}; mend that, then run the same again"
        ) from None


def _unreachable(store: str, address: str | None, error: Exception) -> PricerError:
    start = (
        "see that the network and the service are there"
        if address == CLOUD
        else "start it again (chroma run --path … --port …)"
    )
    return PricerError(
        f"store {store}: the Chroma server at {address} does not answer ({type(error).__name__}); {start}, "
        "then run the same again: what it holds is not touched"
    )


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    key = os.environ.get("CHROMA_API_KEY")
    return (lines[0].replace(key, "…") if key else lines[0])[:200]


def _client(folder: Path) -> Any:
    import chromadb

    return chromadb.PersistentClient(folder, settings=_settings())


@contextmanager
def _served_client(address: str) -> Iterator[Any]:
    """A client of the server, and its connections closed at the end: its own and its inner administrator's, which Chroma leaves open."""
    client = _cloud_client() if address == CLOUD else _http_client(address)
    sessions = [one._server._session for one in (client, client._admin_client)]
    for session in sessions:
        session.timeout = ANSWER_S  # Chroma waits without end for a server that has stopped answering
    try:
        yield client
    finally:
        client.close()
        for session in sessions:
            session.close()


def _http_client(address: str) -> Any:
    import chromadb

    parts = urlsplit(address)
    try:
        return chromadb.HttpClient(
            str(parts.hostname), parts.port or 8000, ssl=parts.scheme == "https", settings=_settings()
        )
    except ValueError:  # all that Chroma says when nobody listens
        raise ConnectionError from None


def _cloud_client() -> Any:
    import chromadb

    key, tenant, database = (os.environ.get(name) for name in CLOUD_VARIABLES)
    if not key:
        raise BadInput(
            f"a store in Chroma Cloud needs {', '.join(CLOUD_VARIABLES)} in the environment; {CLOUD_VARIABLES[0]} is not set"
        )
    try:
        return chromadb.CloudClient(tenant, database, key, settings=_settings())
    except ValueError:
        raise ConnectionError from None


def _settings() -> Any:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _database_faults(database: Path) -> list[str]:
    """What SQLite finds wrong in the file; it is only read."""
    import sqlite3
    from contextlib import closing

    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(3)").fetchall()
    except sqlite3.Error as error:
        return [f"{database.name} is damaged ({error})"]
    return [] if found == [("ok",)] else [f"{database.name} is damaged ({str(found[0][0]).splitlines()[-1]})"]
