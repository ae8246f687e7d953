"""Names of chat models, without what it takes to talk to them."""

from __future__ import annotations

import os

PLANNER = "planner"


def default_model() -> str:
    """The model that is talked to when none is named: ASSAY_MODEL, else the planner. A key alone spends nothing."""
    return os.environ.get("ASSAY_MODEL", "").strip() or PLANNER
