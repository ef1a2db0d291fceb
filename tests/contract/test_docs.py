"""The documentation names what there is: services, metrics, transformers; its links lead there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncline.domain.mapping.transformers.registry import BUILT_IN
from syncline.telemetry.metrics import REGISTRY

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent.parent.name for path in ROOT.glob("services/*/*/main.py"))


def metrics() -> list[str]:
    """Names as Prometheus shows them."""
    suffix = {"counter": "_total", "info": "_info"}
    return [family.name + suffix.get(family.type, "") for family in REGISTRY.collect()]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_in_the_readme_and_has_its_own(service: str) -> None:
    assert f"[{service}](services/{service}/)" in (ROOT / "README.md").read_text()
    own = (ROOT / "services" / service / "README.md").read_text()
    for word in (
        "| Consumes |",
        "| Produces |",
        "| Scales by |",
        "**Promises.**",
        "**When something fails.**",
    ):
        assert word in own


def test_every_metric_is_in_the_operations_guide() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()
    ours = [name for name in metrics() if name.startswith("syncline_")]
    assert [name for name in ours if f"`{name}`" not in guide] == []


def test_every_transformer_is_in_the_mapping_guide() -> None:
    guide = (ROOT / "docs" / "mappings.md").read_text()
    assert [name for name in BUILT_IN if f"`{name}`" not in guide] == []


def test_links_between_pages_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("services/*/README.md")]
    broken = [
        f"{page.relative_to(ROOT)} -> {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).exists()
    ]
    assert broken == []


@pytest.mark.parametrize("page", ["promises", "faults", "findings"])
def test_the_promises_name_tests_that_there_are(page: str) -> None:
    text = (ROOT / f"docs/{page}.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or (name and f"def {name}(" not in (ROOT / path).read_text())
    ]
    assert len(named) > 15
    assert missing == []
