"""The words sent to models, as files; nothing else."""

from __future__ import annotations

from pathlib import Path


def text(name: str, **variables: str) -> str:
    """The prompt `name` with its `{variables}` filled in; `KeyError` names one that is missing."""
    template = (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8")
    return template.format_map(variables)
