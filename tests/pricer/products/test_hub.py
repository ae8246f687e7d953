"""The hub: against a server on this machine that answers in the shape of the real one, storage on another port included."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from pricer.errors import BadInput, PricerError
from pricer.products.shards import Raw, Source
from pricer.products.sources import hub, read, repositories
from pricer.products.sources.find import find
from pricer.products.sources.refusals import HubDamaged, HubRefused, HubUnreachable

arrow: Any = pytest.importorskip("pyarrow")
arrow_parquet: Any = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("huggingface_hub")

SECRET = "hf_do_not_show_this"
APPLIANCES = "raw/meta_categories/meta_Appliances.jsonl"
LARGE_BYTES = 1_000
CHUNK_BYTES = 10_000


@dataclass
class Kept:
    """A repository of the server: what its branches are, and the files at each commit."""

    branches: dict[str, str]
    commits: dict[str, dict[str, bytes]]
    card: dict[str, Any] = field(default_factory=dict)


@dataclass
class Script:
    """What the server holds, what it was asked, and what it is to do wrong, each thing once."""

    repositories: dict[str, Kept] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    # An answer in place of the next ones: status and headers.
    instead: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    # After so many bytes of the next bodies from storage the connection breaks.
    breaks: list[int] = field(default_factory=list)
    storage: str = ""

    def requests(self, part: str) -> list[dict[str, str]]:
        """The headers of the requests whose address has a part."""
        return [headers for _, path, headers in self.asked if part in path]


class Answers(BaseHTTPRequestHandler):
    """Both servers: the hub at /api and /datasets, its storage at /blobs."""

    protocol_version = "HTTP/1.1"
    script: Script

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.script.asked.append((self.command, path, {name.lower(): value for name, value in self.headers.items()}))
        if path.startswith("/blobs/"):
            self._stored(path)
        elif self.script.instead:
            self._say(*self.script.instead.pop(0))
        elif path.startswith("/api/datasets/"):
            self._about(*path.removeprefix("/api/datasets/").split("/revision/"))
        elif path.startswith("/api/resolve-cache/datasets/"):
            repository, _, rest = path.removeprefix("/api/resolve-cache/datasets/").partition("/at/")
            self._small(repository, *rest.split("/", 1))
        else:
            repository, _, rest = path.removeprefix("/datasets/").partition("/resolve/")
            self._resolve(repository, *rest.split("/", 1))

    def _about(self, repository: str, revision: str) -> None:
        if (kept := self.script.repositories.get(repository)) is None:
            # The real one says 401 to strangers, so that private names do not show.
            return self._say(401, {"X-Error-Message": "Invalid username or password."})
        commit = kept.branches.get(revision, revision)
        if commit not in kept.commits:
            return self._say(404, {"X-Error-Code": "RevisionNotFound"})
        about = {
            "_id": "1",
            "id": repository,
            "sha": commit,
            "private": False,
            "gated": False,
            "lastModified": "2024-12-08T22:21:49.000Z",
            "cardData": kept.card,
            "siblings": [{"rfilename": name} for name in kept.commits[commit]],
        }
        return self._say(200, {"Content-Type": "application/json"}, json.dumps(about).encode())

    def _resolve(self, repository: str, commit: str, name: str) -> None:
        data = self.script.repositories[repository].commits[commit].get(name)
        if data is None:
            return self._say(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        if len(data) < LARGE_BYTES:
            return self._say(307, {"Location": f"/api/resolve-cache/datasets/{repository}/at/{commit}/{name}"})
        digest = hashlib.sha256(data).hexdigest()
        headers = {"X-Repo-Commit": commit, "X-Linked-Size": str(len(data)), "X-Linked-ETag": f'"{digest}"'}
        return self._say(
            302, {**headers, "Location": f"{self.script.storage}/blobs/{repository}/{commit}/{name}?sig=1"}
        )

    def _small(self, repository: str, commit: str, name: str) -> None:
        data = self.script.repositories[repository].commits[commit][name]
        git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        self._say(200, {"X-Repo-Commit": commit, "ETag": f'"{git}"'}, data)

    def _stored(self, path: str) -> None:
        _, _, owner, repository, commit, name = path.split("/", 5)
        data = self.script.repositories[f"{owner}/{repository}"].commits[commit][name]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        partial = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if "Range" in self.headers else {}
        self._say(
            206 if partial else 200, partial, data[start:], self.script.breaks.pop(0) if self.script.breaks else None
        )

    def _say(self, status: int, headers: dict[str, str], body: bytes = b"", most: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:most])
        self.close_connection = most is not None

    def log_message(self, *_: object) -> None:
        """Nothing: the tests' own output is enough."""


def jsonl(count: int) -> bytes:
    return b"".join(b'{"title":"Kettle %d","price":%d}\n' % (n, n) for n in range(1, count + 1))


def course_part(count: int, start: int) -> bytes:
    numbers = range(start, start + count)
    columns = {
        "title": [f"T{n}" for n in numbers],
        "category": ["Appliances"] * count,
        "price": [float(n) for n in numbers],
        "full": arrow.nulls(count),
        "weight": [0.5] * count,
        "summary": [f"Title: T{n}" for n in numbers],
        "prompt": [f"What does this cost?\n\nPrice is ${n}.00" for n in numbers],
        "id": arrow.nulls(count),
    }
    out = io.BytesIO()
    arrow_parquet.write_table(arrow.table(columns), out)
    return out.getvalue()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """The two servers, and an environment that names the first one."""
    script = Script()
    handler = type("Handler", (Answers,), {"script": script})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}) for server in servers]
    for thread in threads:
        thread.start()
    addresses = [f"http://127.0.0.1:{server.server_address[1]}" for server in servers]
    script.storage = addresses[1]
    monkeypatch.setenv("HF_ENDPOINT", addresses[0])
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    # The library takes 10 MB at a time, more than the files of these tests.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", CHUNK_BYTES)
    yield script
    from huggingface_hub.utils._http import close_session

    close_session()
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def amazon(script: Script) -> Script:
    """The server with 2,000 appliances, which are large enough to lie in storage."""
    commit = repositories.AMAZON_REVISION
    script.repositories[repositories.AMAZON] = Kept({"main": "f" * 40}, {commit: {APPLIANCES: jsonl(2_000)}})
    return script


@pytest.fixture
def course(script: Script) -> Script:
    """The server with a small item set of the course, in three splits."""
    files = {
        ".gitattributes": b"*.parquet filter=lfs",
        "README.md": b"# items",
        "data/train-00000-of-00002.parquet": course_part(3, 1),
        "data/train-00001-of-00002.parquet": course_part(2, 4),
        "data/validation-00000-of-00001.parquet": course_part(1, 6),
        "data/test-00000-of-00001.parquet": course_part(1, 7),
    }
    script.repositories["ed-donner/items_lite"] = Kept({"main": "a" * 40}, {"a" * 40: files}, {"license": "mit"})
    return script


def all_of(source: Source, work: Path) -> list[Raw]:
    return [raw for shard in source.shards(work) for raw in read(shard)]


def test_an_amazon_category_is_downloaded_at_the_pinned_commit_and_described(amazon: Script, tmp_path: Path) -> None:
    source = find("amazon:appliances")
    said = source.describe()
    data = jsonl(2_000)
    assert said == {
        "kind": "hub",
        "format": "jsonl",
        "name": "amazon:appliances",
        "files": [{"name": APPLIANCES, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}],
        "repository": "McAuley-Lab/Amazon-Reviews-2023",
        "revision": "2b6d039ed471f2ba5fd2acb718bf33b0a7e5598e",
        "licence": None,
        "synthetic": False,
        "columns": ["title", "price"],
    }
    raws = all_of(source, tmp_path)
    assert [raw.fields and raw.fields["price"] for raw in raws] == list(range(1, 2_001))
    assert {shard.file for shard in source.shards(tmp_path)} == {APPLIANCES}


def test_what_is_here_is_not_asked_for_again_even_offline(
    amazon: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = all_of(find("amazon:Appliances"), tmp_path)
    asked = len(amazon.asked)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert all_of(find("amazon:Appliances"), tmp_path) == first
    assert len(amazon.asked) == asked


def test_offline_says_what_is_missing_and_how_to_get_it(course: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "true")
    with pytest.raises(HubUnreachable, match=r"ed-donner/items_lite.*HF_HUB_OFFLINE is set: unset it"):
        find("course:lite").describe()
    assert course.asked == []


def test_a_connection_that_breaks_is_resumed_from_the_last_chunk_that_came(amazon: Script, tmp_path: Path) -> None:
    amazon.breaks = [2 * CHUNK_BYTES + 500]
    assert len(all_of(find("amazon:Appliances"), tmp_path)) == 2_000
    assert [headers.get("range") for headers in amazon.requests("/blobs/")] == [None, f"bytes={2 * CHUNK_BYTES}-"]


def test_a_download_that_failed_goes_on_in_the_next_run_where_it_stopped(amazon: Script, tmp_path: Path) -> None:
    amazon.breaks = [3 * CHUNK_BYTES]
    source = find("amazon:Appliances", progress=lambda _name, done, _total: _hub_goes_down(amazon, done))
    with pytest.raises(HubUnreachable, match="status 500: run it again, a download goes on where it stopped"):
        source.describe()
    amazon.instead = []
    assert len(all_of(find("amazon:Appliances"), tmp_path)) == 2_000
    assert [headers.get("range") for headers in amazon.requests("/blobs/")] == [None, f"bytes={3 * CHUNK_BYTES}-"]


def _hub_goes_down(script: Script, done: int) -> None:
    if done >= 3 * CHUNK_BYTES:
        script.instead = [(500, {})] * 9


def test_progress_is_told_in_bytes_up_to_the_whole(amazon: Script) -> None:
    told: list[tuple[str, int, int]] = []
    find("amazon:Appliances", progress=lambda name, done, total: told.append((name, done, total))).describe()
    size = len(jsonl(2_000))
    assert told[-1] == (APPLIANCES, size, size)
    assert told == sorted(told)


def test_a_file_with_another_checksum_is_dropped_and_comes_right_the_next_time(amazon: Script, tmp_path: Path) -> None:
    files = amazon.repositories[repositories.AMAZON].commits[repositories.AMAZON_REVISION]
    good = files[APPLIANCES]

    def spoil(_name: str, _done: int, _total: int) -> None:
        part.write_bytes(b"?" + part.read_bytes()[1:])

    part = hub.from_environment().cache / "McAuley-Lab--Amazon-Reviews-2023" / repositories.AMAZON_REVISION / "files"
    part /= f"{APPLIANCES}.part"
    with pytest.raises(HubDamaged, match="wanted checksum"):
        find("amazon:Appliances", progress=spoil).describe()
    assert not part.exists()
    assert len(all_of(find("amazon:Appliances"), tmp_path)) == good.count(b"\n")


def test_a_small_file_is_checked_by_its_git_checksum(script: Script, tmp_path: Path) -> None:
    script.repositories["o/n"] = Kept({"main": "b" * 40}, {"b" * 40: {"a.csv": b"title,price\nA,1\n"}})
    assert [raw.fields for raw in all_of(find("hf:o/n"), tmp_path)] == [{"title": "A", "price": "1"}]


def test_the_token_goes_to_the_hub_and_nowhere_else(
    amazon: Script, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    source = find("amazon:Appliances")
    said = source.describe()
    assert {headers.get("authorization") for headers in amazon.requests("/resolve/")} == {f"Bearer {SECRET}"}
    assert [headers.get("authorization") for headers in amazon.requests("/blobs/")] == [None]
    amazon.instead = [(500, {})]
    with pytest.raises(HubUnreachable) as refused:
        find("hf:o/n").describe()
    assert SECRET not in f"{said} {source!r} {refused.value} {refused.value.__cause__!r} {capfd.readouterr()}"


REFUSALS: list[tuple[str, tuple[int, dict[str, str]] | None, type[PricerError], str]] = [
    ("hf:no/such", None, HubRefused, r"no data set 'no/such' at 127\.0\.0\.1.*HF_TOKEN"),
    ("hf:no/such", (404, {}), HubRefused, "no data set 'no/such'"),
    ("hf:no/such", (404, {"X-Error-Code": "RepoNotFound"}), HubRefused, "no data set 'no/such'"),
    ("hf:o/n", (403, {"X-Error-Code": "GatedRepo"}), HubRefused, "o/n: .*accepted its terms.*HF_TOKEN"),
    ("hf:o/n", (403, {}), HubRefused, r"does not give o/n to this user \(status 403\)"),
    ("hf:o/n@v9", None, HubRefused, "o/n has no revision 'v9'"),
    ("hf:o/n", (503, {}), HubUnreachable, "answered with status 503"),
    ("hf:o/n", (200, {"Content-Type": "text/html"}), HubUnreachable, "did not answer as a hub does"),
    ("hf:nonsense", None, HubRefused, "wanted a data set of the hub as owner/name, found 'nonsense'"),
    ("hf:../x", None, HubRefused, "owner/name"),
]


@pytest.mark.parametrize(("spec", "instead", "kind", "words"), REFUSALS)
def test_each_refusal_says_what_was_wanted_and_how_to_mend_it(
    script: Script, spec: str, instead: tuple[int, dict[str, str]] | None, kind: type[PricerError], words: str
) -> None:
    script.repositories["o/n"] = Kept({"main": "b" * 40}, {"b" * 40: {"a.csv": b"a\n1\n"}})
    script.instead = [instead] if instead else []
    with pytest.raises(kind, match=words):
        find(spec).describe()


def test_a_file_that_a_commit_does_not_hold_is_refused(amazon: Script) -> None:
    with pytest.raises(HubRefused, match=r"has no file 'raw/meta_categories/meta_Software\.jsonl'"):
        find("amazon:Software").describe()


def test_a_hub_that_is_not_there_is_a_failure_of_the_work_not_of_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://user:password@127.0.0.1:9")
    with pytest.raises(HubUnreachable, match=r"127\.0\.0\.1 did not answer.*HF_ENDPOINT") as refused:
        find("course:lite").describe()
    assert "password" not in str(refused.value)
    assert not isinstance(refused.value, BadInput)


def test_a_disk_without_room_is_said_before_anything_is_downloaded(
    amazon: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        free = 10

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Full)
    with pytest.raises(PricerError, match="bytes of free disk, found 10: free some"):
        find("amazon:Appliances").describe()
    assert amazon.requests("/blobs/") == []


def test_the_courses_items_keep_their_splits_and_lose_the_prompt_that_holds_the_price(
    course: Script, tmp_path: Path
) -> None:
    source = find("course:lite")
    said = source.describe()
    assert said["columns"] == ["id", "title", "category", "price", "weight", "full", "summary", "description", "split"]
    assert (said["licence"], said["revision"], said["format"]) == ("mit", "a" * 40, "parquet")
    raws = sorted(all_of(source, tmp_path), key=lambda raw: str(raw.fields and raw.fields["price"]))
    assert [raw.fields and raw.fields["split"] for raw in raws] == ["train"] * 5 + ["validation", "test"]
    assert raws[0].fields == {
        "title": "T1",
        "category": "Appliances",
        "price": 1.0,
        "weight": 0.5,
        "summary": "Title: T1",
        "description": "Title: T1",
        "split": "train",
    }
    assert not any("Price is" in str(raw.fields) for raw in raws)


def test_the_courses_items_lose_the_prompt_under_their_own_name_too(course: Script, tmp_path: Path) -> None:
    assert all_of(find("hf:ed-donner/items_lite"), tmp_path) == all_of(find("course:lite"), tmp_path)


def test_a_repository_stays_at_the_commit_it_was_first_had_at_unless_a_revision_is_named(course: Script) -> None:
    kept = course.repositories["ed-donner/items_lite"]
    assert find("course:lite").describe()["revision"] == "a" * 40
    kept.commits["c" * 40] = kept.commits["a" * 40]
    kept.branches["main"] = "c" * 40
    assert find("course:lite").describe()["revision"] == "a" * 40
    assert find("hf:ed-donner/items_lite@main").describe()["revision"] == "c" * 40
    assert find(f"hf:ed-donner/items_lite@{'a' * 40}").describe()["revision"] == "a" * 40


def test_of_several_formats_in_a_repository_the_first_is_taken_and_code_never(script: Script, tmp_path: Path) -> None:
    files = {
        "../escape.parquet": b"",
        "loader.py": b"raise SystemExit",
        "dataset_infos.json": b"{}",
        "b.csv": b"title\nfrom csv\n",
        "b.jsonl": b'{"title": "from jsonl"}\n',
    }
    script.repositories["o/n"] = Kept({"main": "b" * 40}, {"b" * 40: files}, {"license": ["mit", "cc0-1.0"]})
    source = find("hf:o/n")
    assert [raw.fields for raw in all_of(source, tmp_path)] == [{"title": "from jsonl"}]
    assert source.describe()["licence"] == "mit, cc0-1.0"
    assert not script.requests("loader.py")


def test_a_repository_without_data_files_is_refused(script: Script) -> None:
    script.repositories["o/n"] = Kept({"main": "b" * 40}, {"b" * 40: {"README.md": b"x"}})
    with pytest.raises(BadInput, match=r"o/n: wanted files of Parquet, JSON lines or CSV, found README\.md"):
        find("hf:o/n").describe()


def test_no_path_of_this_machine_is_in_what_is_said(amazon: Script) -> None:
    assert str(hub.from_environment().cache.parents[1]) not in json.dumps(find("amazon:Appliances").describe())
