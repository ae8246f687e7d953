"""A page in one HTML file: its own style and scripts by their hashes, its data as a block that no text can break out of."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from pricer.products.text import printable

FOLDER = Path(__file__).parent


def assembled(name: str, title: str, told: object, *, connect: str = "'none'") -> str:
    """The page `name`.html with its script, the charts' and the style put in, and `told` as its data.

    `connect` is where its script may fetch from.
    """
    style = _text("watch.css")
    script = "\n".join(_text(each) for each in ("charts.js", f"{name}.js"))
    return Template(_text(f"{name}.html")).substitute(
        title=html.escape(plain(title)),
        data=block(told),
        style=style,
        script=script,
        policy=policy([script], style, connect),
    )


def policy(scripts: Sequence[str], style: str, connect: str) -> str:
    """A content security policy under which these scripts and this style work, and nothing else does."""
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src {allowed}; connect-src {connect}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def block(told: object) -> str:
    """JSON that can stand in a script element: nothing in it can end the element or begin another."""
    text = json.dumps(cleaned(told), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def cleaned(told: object) -> Any:
    """The same for a browser: control characters in texts shown as what they are, NaN and infinities as null."""
    if isinstance(told, str):
        return plain(told)
    if isinstance(told, float):
        return told if math.isfinite(told) else None
    if isinstance(told, dict):
        return {plain(str(name)): cleaned(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [cleaned(value) for value in told]
    return told


def plain(text: str) -> str:
    """The text with characters that steer a screen, and halves of characters, shown as what they are."""
    return printable(text).encode("utf-8", "backslashreplace").decode()


def _text(name: str) -> str:
    """A file of this folder; line ends as the browser reads them, or its hash would not be this text's."""
    return (FOLDER / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
