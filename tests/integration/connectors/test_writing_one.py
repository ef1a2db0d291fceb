"""The connector that docs/connectors/writing-one.md builds passes the kit, outside of here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "writing-one.md"
REAL = """
class TestReal:
    system = "drawer"

    def test_it_is_given_a_url(self, system_url):
        assert system_url in (None, "drawer://real")
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with the page's code, and one test more that takes the URL of a real system."""
    source, target, conftest, tests = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    (settings,) = re.findall(r"```ini\n(.*?)```", PAGE.read_text(), re.S)
    contents = {
        "drawer.py": source + target,
        "conftest.py": conftest,
        "pytest.ini": settings,
        "test_drawer.py": tests + REAL,
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def run(package: Path, *more: str, **variables: str) -> tuple[int, str]:
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p pytest_asyncio.plugin"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *more],
        cwd=package, env=os.environ | plugins | variables, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_the_connector_of_the_page_passes_the_kit(package: Path) -> None:
    code, said = run(package, "-rA", SYNCLINE_TEST_DRAWER_URL="drawer://real")

    assert code == 0, said
    assert int(re.findall(r"(\d+) passed", said)[0]) > 50
    assert said.count("PASSED test_drawer.py::TestReal::") == 2


def test_a_connector_that_loses_a_row_fails_and_values_are_shown(package: Path) -> None:
    drawer = package / "drawer.py"
    changed = drawer.read_text().replace("n >= int(", "n > int(")
    assert changed != drawer.read_text()
    drawer.write_text(changed)

    code, said = run(package, "-k", "tie or TestReal")

    assert code == 1
    assert "1 failed, 1 passed" in said
    assert "assert ['0001'" in said
