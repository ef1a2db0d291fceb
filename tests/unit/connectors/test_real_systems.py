"""What the pages say of the connectors' tests: suites, and how a real system is tried."""

from __future__ import annotations

import ast
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


SUITES = {
    "Settings, test": "ConnectorSuite",
    "Reading": "SourceSuite",
    "Drift": "DriftSuite",
    "Hostile pages": "HostileSuite",
    "Throttled reads": "ThrottledSourceSuite",
    "Writing": "TargetSuite",
    "Lost answer": "LostAnswerSuite",
    "Throttled writes": "ThrottledSuite",
    "Read-only": "ReadOnlySuite",
    "Sizes": "SizeLimitSuite",
    "Read-back": "ReadBackSuite",
}
FILES = {"sqlserver": "mssql", "business-one": "business_one"}


def bases_of(page: str) -> set[str]:
    """Return the suites that the tests of a page's connector inherit."""
    (path,) = TESTS.glob(f"test_{FILES.get(page, page)}_suite.py")
    classes = (
        each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.ClassDef)
    )
    return {ast.unparse(base) for each in classes for base in each.bases}


def test_the_table_of_suites_says_what_is_tested() -> None:
    page = (ROOT / "docs" / "connectors" / "README.md").read_text()
    header, *rows = re.findall(r"^\| (?:System|\[.*?\]\(.*?\)) \|.*(?:✓|Drift).*$", page, re.M)
    names = [name.strip() for name in header.split("|")[2:-1]]
    reasons = set(re.findall(r"^- \*\*(\w)\*\*", page, re.M))

    assert names == list(SUITES)
    assert len(rows) == 14
    for row in rows:
        stem = re.findall(r"\((.*?)\.md\)", row)[0]
        marks = dict(zip(names, (mark.strip() for mark in row.split("|")[2:-1]), strict=True))
        tested = {name for name, suite in SUITES.items() if suite in bases_of(stem)}
        assert {name for name, mark in marks.items() if mark == "✓"} == tested, stem
        assert {mark for mark in marks.values() if mark != "✓"} <= reasons
