"""What went wrong with a chat model, in words that say what to do, without what its provider wrote: that may hold a key."""

from __future__ import annotations

STATUS = {
    400: "refused the request: it may not know tools; try another model, or local/… which is guided by a schema",
    401: "refused the key: check the variable that holds it (assay doctor)",
    403: "does not let this key use the model",
    404: "does not know this model: check its name",
    413: "found the conversation too long: begin a new one",
    429: "has too many requests, or the account has no credit: wait, or look at its billing page",
}


def failure_of(error: BaseException) -> str:
    """One sentence about the error."""
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return f"the provider {STATUS.get(status, 'has trouble of its own: try again later')} ({status})"
    name = type(error).__name__
    if "Timeout" in name or isinstance(error, TimeoutError):
        return "the provider did not answer in time: try again"
    if "Connection" in name or isinstance(error, OSError):
        return "the provider cannot be reached: is the address right, is the server running?"
    return f"the model's client failed: {name}: {error!s:.200}"
