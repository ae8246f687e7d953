"""What is missing is named with the remedy."""

from __future__ import annotations

import pytest

from pricer.errors import BadInput
from pricer.installed import require


def test_a_missing_module_is_named_with_how_to_get_it() -> None:
    with pytest.raises(
        BadInput, match=r"loading needs no_such_module, which is not installed: run `make test`.*llm-assay\[full\]"
    ):
        require("loading", "full", "json", "no_such_module")


def test_nothing_is_said_when_all_is_there() -> None:
    require("loading", "full", "json", "csv")
