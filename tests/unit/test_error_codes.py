"""Every code of an error has its paragraph in the docs, and the console's help leads to such.

Codes are found where they are made: what is given as `code` to whatever takes one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.registry import connector_class, names

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_CODE = re.compile(r"[a-z]+(_[a-z0-9]+)*")
_TAKERS = {
    "Failure": 1, "GraphqlError": 0, "UnwritableError": 0, "Fault": 1, "ProblemError": 1,
    "problem": 1, "OutsideError": 0, "Explained": 1, "refusal": 0, "_misfit": 2, "spoil": 0,
    "_unreadable": 1, "_failure": 0, "ConnectError": 1, "_unusable": 1,
}  # fmt: skip
"""Where the code stands among what these take; what is not here takes it as `code=`."""
_NOTICES = {"Notice": 0, "_add": 0, "_count": 0}


@cache
def _modules() -> list[tuple[ast.Module, list[ast.Call]]]:
    """Return the modules that may name codes, with their calls."""
    wanted = re.compile("code=|" + "|".join(f"{name}\\(" for name in (*_TAKERS, *_NOTICES)))
    files = (p for room in ("shared", "services") for p in (ROOT / room).rglob("*.py"))
    modules = [ast.parse(text) for p in files if wanted.search(text := p.read_text())]
    return [(m, [n for n in ast.walk(m) if isinstance(n, ast.Call)]) for m in modules]


def _calls(takers: dict[str, int]) -> Iterator[tuple[ast.Module, ast.expr]]:
    """Yield what is given as a code, with its module."""
    for module, calls in _modules():
        for call in calls:
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            place = takers.get(name)
            if place is not None and place < len(call.args):
                yield module, call.args[place]
            if takers is _TAKERS:
                yield from ((module, k.value) for k in call.keywords if k.arg == "code")


def _texts(module: ast.Module, node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may be."""
    if isinstance(node, ast.Name):
        for made in module.body:
            if isinstance(made, ast.Assign) and ast.unparse(made.targets[0]) == node.id:
                yield from _texts(module, made.value)
    elif isinstance(node, ast.IfExp):
        yield from _texts(module, node.body)
        yield from _texts(module, node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


@cache
def _codes(*, notices: bool) -> frozenset[str]:
    takers = _NOTICES if notices else _TAKERS
    found = {text for module, node in _calls(takers) for text in _texts(module, node)}
    return frozenset(text for text in found if _CODE.fullmatch(text))


@cache
def _anchors(page: str) -> frozenset[str]:
    """Return what a page can be opened at: headings, and what rows of tables are about."""
    text = re.sub(r"(?ms)^```.*?^```", "", (DOCS / page).read_text())
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
    cells = re.findall(r"(?m)^\| ((?:`[^`|]+`(?:, | )?)+)\|", text)
    return frozenset(slugs | {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)})


def test_every_code_has_its_paragraph() -> None:
    codes = _codes(notices=False)
    assert len(codes) > 150
    assert sorted(codes - _anchors("errors.md")) == []


def test_every_notice_has_its_paragraph() -> None:
    codes = _codes(notices=True)
    assert "capped" in codes
    assert sorted(codes - _anchors("operations.md")) == []


def _help() -> list[str]:
    text = (ROOT / "console/src/app/help.ts").read_text()
    table = text.split("const PLACES = {", 1)[1].split("};", 1)[0]
    return sorted(set(re.findall(r': "([^"]+)"', table)))


@pytest.mark.parametrize("place", _help())
def test_help_leads_to_a_paragraph(place: str) -> None:
    page, _, anchor = place.partition("#")
    assert (DOCS / f"{page}.md").is_file()
    assert not anchor or anchor in _anchors(f"{page}.md")


_PAGES = {"mssql": "sqlserver", "business_one": "business-one"}


def _settings(schema: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, part in (schema.get("properties") or {}).items():
        if "properties" in part:
            yield from _settings(part, f"{before}{name}.")
        else:
            yield before + name


@pytest.mark.parametrize("connector", names())
def test_every_setting_of_a_profile_has_its_row(connector: str) -> None:
    schema: dict[str, Any] = connector_class(connector).profile_schema()
    settings = set(_settings(schema["properties"]["config"]))
    page = f"connectors/{_PAGES.get(connector, connector)}.md"
    assert settings
    assert sorted(settings - _anchors(page)) == []
