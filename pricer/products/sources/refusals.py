"""What goes wrong between here and the Hugging Face hub, in our words: never a token, never an address that may hold one."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pricer import installed
from pricer.errors import BadInput, PricerError

GO_ON = "run it again, a download goes on where it stopped"

# By the name of huggingface_hub's exception, the narrower before the wider.
_REFUSALS = {
    "GatedRepoError": "{repository}: {host} gives it only to those who accepted its terms there: accept them, then set HF_TOKEN",
    "RepositoryNotFoundError": (
        "no data set {repository!r} at {host}, or a private one: check the spelling; a private one needs HF_TOKEN"
    ),
    "RevisionNotFoundError": "{repository} has no revision {revision!r}: name a branch, a tag or a commit",
    "EntryNotFoundError": "{repository} has no file {name!r} at revision {revision!r}",
}


class HubRefused(BadInput):
    """The hub has no such thing, or does not give it to this user."""


class HubUnreachable(PricerError):
    """The hub did not answer, or not as a hub does."""


class HubDamaged(PricerError):
    """What was downloaded is not what the hub said it would be."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, and of whom."""

    host: str
    repository: str
    revision: str
    name: str | None = None

    @property
    def thing(self) -> str:
        return f"{self.repository}/{self.name}" if self.name else self.repository


@contextmanager
def in_our_words(request: Request) -> Iterator[None]:
    """Within it, whatever the hub's library raises becomes `HubRefused`, `HubUnreachable`, `HubDamaged` or `PricerError`."""
    installed.load("huggingface_hub", "downloads data sets")
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.HfHubHTTPError as error:
        raise _answered(error, error.response.status_code, request) from error
    except (httpx2.HTTPError, errors.FileMetadataError, errors.OfflineModeIsEnabled) as error:
        raise _unreachable(error, request) from error
    except (ValueError, TypeError, KeyError) as error:
        raise _unreachable(error, request) from error
    except OSError as error:
        raise _of_this_machine(error, request) from error


def _answered(error: Exception, status: int, request: Request) -> PricerError:
    """For an answer with an error in it."""
    missing = "EntryNotFoundError" if request.name else "RepositoryNotFoundError"
    kinds = {kind.__name__ for kind in type(error).__mro__}
    # To strangers the hub says 401 of what is not there, so that private names do not show.
    by_status = {401: "RepositoryNotFoundError", 404: missing}.get(status)
    kind = next((kind for kind in _REFUSALS if kind in kinds), by_status)
    if kind:
        asked = {"host": request.host, "repository": request.repository}
        return HubRefused(_REFUSALS[kind].format(**asked, revision=request.revision, name=request.name))
    if status == 403:
        return HubRefused(f"{request.host} does not give {request.thing} to this user (status {status}): see HF_TOKEN")
    return HubUnreachable(f"wanted {request.thing}, but {request.host} answered with status {status}: {GO_ON}")


def _unreachable(error: Exception, request: Request) -> PricerError:
    return HubUnreachable(
        f"wanted {request.thing}, but {request.host} did not answer as a hub does ({type(error).__name__}): "
        f"check the connection, HF_ENDPOINT and the proxy, then {GO_ON}"
    )


def _of_this_machine(error: OSError, request: Request) -> PricerError:
    if error.errno == errno.ENOSPC:
        return PricerError(f"no space left on the disk for {request.thing}: free some, or set ASSAY_HOME elsewhere")
    if error.errno is None:
        return HubDamaged(f"{request.thing} arrived in another size than {request.host} said: {GO_ON}")
    return PricerError(f"{request.thing} cannot be kept in ASSAY_HOME: {error.strerror}")
