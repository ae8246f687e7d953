"""Libraries that only the `full` installation has, loaded by the function that needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pricer.errors import MissingExtra


def load(module: str, purpose: str) -> Any:
    """The module; `MissingExtra` says what it is needed for when it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtra(f"{module.partition('.')[0]}, which {purpose}", "full") from error
