"""Every connector's tests also run against a real system, and the page says how."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests" / "integration" / "connectors"
REAL_ANYWAY = {"file", "sqlite"}
NO_SYSTEM_OF_ITS_OWN = {"http"}


def test_every_connector_can_be_tested_against_a_real_system() -> None:
    texts = {path.name: path.read_text() for path in TESTS.glob("test_*.py")}
    run_there = {
        found.group(1): name
        for name, text in texts.items()
        if "system_url: str | None" in text
        for found in re.finditer(r'^    system(?:: ClassVar\[str\])? = "(\w+)"', text, re.M)
    }
    page = (ROOT / "docs" / "connectors" / "writing-one.md").read_text()
    listed = dict(re.findall(r"\| `…_(\w+)_URL` \| .* `(test_\w+\.py)`", page))

    found = entry_points(group="syncline.connectors")
    names = {each.name.replace("-", "_") for each in found} - {"drawer"}
    assert run_there.keys() == names - REAL_ANYWAY - NO_SYSTEM_OF_ITS_OWN
    assert {name.lower(): file for name, file in listed.items()} == run_there
