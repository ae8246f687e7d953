"""Files of data sets on the Hugging Face hub: pinned to a commit, checked, kept, downloads taken up where they stopped.

Nothing that a repository holds is run. huggingface_hub 2.4 throws a partial file away when a download fails
(`_download_to_tmp_and_move`), so the parts are kept here and handed to its `http_get`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from catalog.snapshot import home
from pricer.errors import PricerError
from pricer.products.sources.refusals import HubDamaged, HubRefused, HubUnreachable, Request, in_our_words
from pricer.products.sources.staging import write_whole

PUBLIC = "https://huggingface.co"
TIMEOUT_S = 20

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)

# A file's name, its bytes that are here, its bytes in all.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at a commit: its file names, sorted, and the licence that its card states."""

    commit: str
    files: tuple[str, ...]
    licence: str | None


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the hub is, who asks, and where what came from it is kept."""

    endpoint: str
    token: str | None = field(repr=False)
    offline: bool
    cache: Path

    def commit(self, repository: str, revision: str | None) -> str:
        """The commit that a revision is. Without one, what `main` was when the repository was first asked for."""
        if revision and _COMMIT.fullmatch(revision):
            return revision
        kept = self._folder(repository) / "revisions" / (revision or "first").replace("/", "--")
        if kept.is_file() and (revision is None or self.offline):
            return kept.read_text(encoding="utf-8")
        found = self._ask(repository, revision or "main").commit
        _keep(kept, found)
        return found

    def listing(self, repository: str, commit: str) -> Listing:
        """What a repository holds at a commit, asked for once."""
        kept = self._folder(repository) / commit / "listing.json"
        if not kept.is_file():
            return self._ask(repository, commit)
        found = json.loads(kept.read_bytes())
        return Listing(commit, tuple(found["files"]), found["licence"])

    def fetch(self, repository: str, commit: str, name: str, progress: Progress) -> Path:
        """A file, from here if it is here, else downloaded and checked; a part that is here is taken up again."""
        whole = self._folder(repository) / commit / "files" / name
        if whole.is_file():
            return whole
        request = self._request(repository, commit, name)
        with in_our_words(request):
            from filelock import FileLock

            whole.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(whole.with_name(whole.name + ".lock")):
                if not whole.is_file():
                    self._download(request, whole, progress)
        return whole

    def _folder(self, repository: str) -> Path:
        if not _NAME.fullmatch(repository):
            raise HubRefused(f"wanted a data set of the hub as owner/name, found {repository!r}")
        return self.cache / repository.replace("/", "--")

    def _request(self, repository: str, revision: str, name: str | None = None) -> Request:
        """What is about to be asked. The host is named without the user or password that an address may hold."""
        request = Request(urlsplit(self.endpoint).hostname or PUBLIC, repository, revision, name)
        if self.offline:
            raise HubUnreachable(
                f"wanted {request.thing}, which is not on this machine yet, but HF_HUB_OFFLINE is set: unset it once to download"
            )
        return request

    def _ask(self, repository: str, revision: str) -> Listing:
        kept = self._folder(repository)
        with in_our_words(self._request(repository, revision)):
            from huggingface_hub import HfApi

            api = HfApi(endpoint=self.endpoint, token=self.token or False)
            info = api.dataset_info(repository, revision=revision, timeout=TIMEOUT_S)
            if not _COMMIT.fullmatch(info.sha or ""):
                raise ValueError("an answer without a commit")
            names = (sibling.rfilename for sibling in info.siblings or ())
            listing = Listing(str(info.sha), _within(names), _licence(info.card_data))
            _keep(
                kept / listing.commit / "listing.json",
                json.dumps({"files": listing.files, "licence": listing.licence}),
            )
        return listing

    def _download(self, request: Request, whole: Path, progress: Progress) -> None:
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils.tqdm import silent_tqdm

        name, token = str(request.name), self.token or False
        url = hf_hub_url(
            request.repository, name, repo_type="dataset", revision=request.revision, endpoint=self.endpoint
        )
        there = get_hf_file_metadata(url, token=token, timeout=TIMEOUT_S, endpoint=self.endpoint)
        if there.commit_hash is None or there.etag is None:
            raise ValueError("an answer without a commit and a checksum")
        part, size = whole.with_name(whole.name + ".part"), there.size or 0
        _room(part, size, request)
        with part.open("ab") as file:
            http_get(
                url,
                cast("BinaryIO", _Counted(file, lambda done: progress(name, done, size))),
                resume_size=file.tell(),
                headers={"user-agent": "llm-assay", **({"authorization": f"Bearer {token}"} if token else {})},
                expected_size=there.size,
                displayed_filename=name,
                tqdm_class=silent_tqdm,
            )
        _check(part, there.etag, request)
        part.replace(whole)


def from_environment() -> Hub:
    """The hub that HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE name, kept in the user's folder."""
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or PUBLIC
    offline = os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in {"1", "ON", "YES", "TRUE"}
    return Hub(endpoint, os.environ.get("HF_TOKEN", "").strip() or None, offline, home() / "cache" / "hub")


def quiet(_name: str, _done: int, _total: int) -> None:
    """Progress that nobody is told."""


class _Counted:
    """A file to write to that tells how long it has become."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], None]) -> None:
        self._file, self._tell = file, tell
        self.tell, self.seek, self.truncate = file.tell, file.seek, file.truncate

    def write(self, data: bytes) -> int:
        written = self._file.write(data)
        self._tell(self._file.tell())
        return written


def _within(names: Iterable[str]) -> tuple[str, ...]:
    """The names that stay within the repository's folder, sorted."""
    paths = (PurePosixPath(name) for name in names if "\\" not in name)
    return tuple(sorted(str(path) for path in paths if not path.is_absolute() and ".." not in path.parts))


def _licence(card: Any) -> str | None:
    """The licence in a repository's card, several joined."""
    stated = getattr(card, "license", None)
    return ", ".join(map(str, stated)) if isinstance(stated, list) else stated and str(stated)


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())


def _room(part: Path, size: int, request: Request) -> None:
    """Drop a part that cannot be one of this file. `PricerError` when the rest of it does not fit on the disk."""
    here = part.stat().st_size if part.is_file() else 0
    if here > size:
        part.unlink()
        here = 0
    free = shutil.disk_usage(part.parent).free
    if free < size - here:
        raise PricerError(
            f"{request.thing}: wanted {size - here:,} bytes of free disk, found {free:,}: free some, or set ASSAY_HOME elsewhere"
        )


def _check(part: Path, etag: str, request: Request) -> None:
    """`HubDamaged`, and the part is dropped, when its checksum is not the hub's: a sha256 for large files, git's sha1 for others."""
    with part.open("rb") as file:
        if _SHA256.fullmatch(etag):
            found = hashlib.file_digest(file, "sha256").hexdigest()
        elif _COMMIT.fullmatch(etag):
            found = hashlib.file_digest(file, lambda: _git_blob(part.stat().st_size)).hexdigest()
        else:
            return
    if found != etag:
        part.unlink()
        raise HubDamaged(f"{request.thing}: wanted checksum {etag}, found {found}: it was dropped, run it again")


def _git_blob(size: int) -> Any:
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
