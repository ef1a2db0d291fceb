"""Holds that no error is swallowed without a word why: what passes over one says what it keeps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_THE_PRODUCT = ("shared/syncline/testing/", "shared/syncline/demo/")
_LINTER = re.compile(r"^(?:noqa(?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: ignore(?:\[[^]]*\])?)")


def product() -> list[Path]:
    """Python files of what runs at a customer's."""
    found = [p for folder in ("shared/syncline", "services") for p in (ROOT / folder).rglob("*.py")]
    places = ((path.relative_to(ROOT).as_posix(), path) for path in sorted(found))
    return [path for place, path in places if not place.startswith(NOT_THE_PRODUCT)]


def swallowed(text: str) -> Iterator[int]:
    """Lines at which an error is passed over, and no comment there gives a reason."""
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler) and not _is_told(node):
            near = lines[node.lineno - 1 : node.body[-1].end_lineno]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            near = lines[max(node.lineno - 2, 0) : node.lineno]
        else:
            continue
        if not any(map(_reason, near)):
            yield node.lineno


def _is_told(handler: ast.ExceptHandler) -> bool:
    """Tell whether an error is raised again, used or logged."""
    heard = {"log", handler.name}
    parts = [part for statement in handler.body for part in ast.walk(statement)]
    return any(
        isinstance(part, ast.Raise) or (isinstance(part, ast.Name) and part.id in heard)
        for part in parts
    )


def _reason(line: str) -> bool:
    """Tell whether a line ends in a comment of two words or more, beside what linters read."""
    comment = re.search(r"(?:^|\s)#\s*(.*)$", line)
    return comment is not None and len(_LINTER.sub("", comment[1]).split()) > 1


def test_an_error_that_is_passed_over_says_why_nothing_is_lost() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in product()
        for line in swallowed(path.read_text())
    ]
    assert silent == []


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    f()\nexcept ValueError:\n    pass",
        "try:\n    f()\nexcept ValueError:  # noqa: BLE001\n    pass",
        "try:\n    f()\nexcept ValueError as error:  # nothing\n    g()",
        "with suppress(OSError):\n    f()",
        "async def f():\n    async with a, contextlib.suppress(OSError):\n        g()",
    ],
)
def test_one_without_a_reason_is_found(body: str) -> None:
    assert list(swallowed(body))


@pytest.mark.parametrize(
    "body",
    [
        "try:\n    f()\nexcept ValueError:  # no number, so it is a text\n    pass",
        "try:\n    f()\nexcept ValueError:\n    # no number, so it is a text\n    pass",
        "try:\n    f()\nexcept Exception:  # noqa: BLE001 - a plug-in may raise anything\n    pass",
        "try:\n    f()\nexcept ValueError as error:\n    g(error)",
        "try:\n    f()\nexcept ValueError:\n    log.warning('odd')",
        "try:\n    f()\nexcept ValueError:\n    raise OSError",
        "# gone already, as was wanted\nwith suppress(OSError):\n    f()",
    ],
)
def test_one_with_a_reason_or_a_listener_is_left_alone(body: str) -> None:
    assert not list(swallowed(body))
