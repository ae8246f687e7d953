"""What of the program is installed: asked before work begins, so that what is missing is named and not stumbled over."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pricer.errors import MissingExtra


def require(purpose: str, extra: str, *modules: str) -> None:
    """Nothing, if all `modules` can be imported; else `MissingExtra` names the first that cannot and how to get it."""
    for module in modules:
        if find_spec(module) is None:
            raise MissingExtra(f"{purpose} needs {module}, which", extra)


def load(module: str, purpose: str) -> Any:
    """The module; `MissingExtra` says what it is needed for when it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtra(f"{module.partition('.')[0]}, which {purpose}", "full") from error
