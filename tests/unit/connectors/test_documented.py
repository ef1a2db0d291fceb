"""The worked examples of the connectors' pages are configuration that is accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncline.connectors.registry import connector_class
from syncline.domain.mapping.validation import parse
from syncline.resources.loader import DocumentSet, load

PARTS = (
    "Profile",
    "Reading",
    "Writing",
    "What is never lost, and what can be",
    "Errors",
    "Speed",
    "What it was tested against",
)
"""The parts of a connector's page, in their order."""
PAGES = Path(__file__).parents[3] / "docs" / "connectors"


def sections(name: str, folder: Path) -> dict[str, DocumentSet]:
    """Load the examples under each heading of a page."""
    found: dict[str, DocumentSet] = {}
    for section in (PAGES / f"{name}.md").read_text().split("\n## ")[1:]:
        heading, text = section.split("\n", 1)
        path = folder / f"{heading}.yaml"
        path.write_text("---\n".join(re.findall(r"```yaml\n(kind: .*?)```", text, re.DOTALL)))
        if path.read_text():
            found[heading] = load([str(path)], {"ERP_PASSWORD": "a secret"})
    return found


@pytest.mark.parametrize(
    "name",
    [
        "business-one",
        "file",
        "hana",
        "kafka",
        "mssql",
        "mysql",
        "oracle",
        "portal",
        "postgresql",
        "shopify",
        "sqlite",
        "wix",
        "woocommerce",
    ],
)
def test_examples_are_accepted(name: str, tmp_path: Path) -> None:
    page = "sqlserver" if name == "mssql" else name
    kind, found = connector_class(name), sections(page, tmp_path)

    assert {"Profile", "Reading"} <= found.keys()
    assert ("Writing" in found) is kind.capabilities.target
    assert [m for loaded in found.values() for m in loaded.mistakes] == []
    for profile in found["Profile"].profiles.values():
        assert kind.config_problems(profile.config, dict.fromkeys(profile.secrets, "x")) == []
    for mapping in found["Reading"].mappings.values():
        assert kind.extraction_problems(parse(mapping.document).extraction) == []
    for mapping in found["Writing"].mappings.values() if "Writing" in found else ():
        assert kind.target_problems(parse(mapping.document).transformation.target) == []


def pages() -> list[str]:
    others = {"README", "examples", "writing-one"}
    return sorted(page.stem for page in PAGES.glob("*.md") if page.stem not in others)


@pytest.mark.parametrize("page", pages())
def test_every_page_has_the_same_parts_in_the_same_order(page: str) -> None:
    text = (PAGES / f"{page}.md").read_text()
    found = re.findall(r"^## (.+)$", text, re.MULTILINE)

    assert found == [part for part in PARTS if part != "Writing" or page not in ("hana", "wix")]
    assert "[Tested against](#what-it-was-tested-against)" in text.partition("\n## ")[0]


def test_the_readme_lists_every_page() -> None:
    table = (PAGES.parents[1] / "README.md").read_text()

    listed = set(re.findall(r"^\| \[[^]]+\]\(docs/connectors/([\w-]+)\.md\)", table, re.MULTILINE))
    assert listed == {*pages()} - {"graphql"}  # which is the HTTP connector's
