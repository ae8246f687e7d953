"""How commands print: one JSON document, or rich text as wide as it needs to be."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def print_json(document: object) -> None:
    """Print the document and nothing else. Control characters, which may come from data, stay escaped: terminals act on them."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    sys.stdout.write(re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def console() -> Console:
    """The terminal, or a wide page where output goes into a pipe."""
    from rich.console import Console

    if sys.stdout.isatty() or "COLUMNS" in os.environ:
        return Console(highlight=False)
    return Console(highlight=False, width=120)
