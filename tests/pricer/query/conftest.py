"""A home folder with the toy data sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pricer.query.toys import write_home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written once; statements only read it."""
    folder = tmp_path_factory.mktemp("toys")
    write_home(folder)
    return folder
