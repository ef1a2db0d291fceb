"""The page of the canonical schemas: current."""

from __future__ import annotations

from pathlib import Path

from syncline.domain.mapping.canonical.schema import SCHEMA_NAMES
from syncline.resources.entity_page import PAGE, text

ROOT = Path(__file__).parents[2]


def test_the_page_in_docs_is_current() -> None:
    assert (ROOT / PAGE).read_text() == text(), "run `python -m syncline.resources.entity_page`"


def test_every_entity_type_has_its_section() -> None:
    assert [name for name in SCHEMA_NAMES if f"\n## {name}\n" not in text()] == []
