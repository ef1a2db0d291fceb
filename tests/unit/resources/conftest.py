"""A folder with one good file of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.resource_files import GOOD


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "all.yaml"
    path.write_text(GOOD)
    return path
