"""docs/api.md names the codes that the gateway answers with, and no others."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text()
CODE = re.compile(
    r"""(?:ProblemError|problem)\(\s*(\d{3}), "([a-z_]+)"|: \((\d{3}), "([a-z_]+)","""
)


def test_every_code_of_a_problem_is_explained() -> None:
    sources = (ROOT / "services" / "gateway").rglob("*.py")
    found = {
        (match[0] or match[2], match[1] or match[3])
        for path in sources
        for match in CODE.findall(path.read_text())
    }
    assert len(found) > 8
    table = PAGE[PAGE.index("| Status | Code |") :]
    missing = {code for _, code in found if f"`{code}`" not in table}
    assert missing == set()
