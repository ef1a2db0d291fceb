"""The worked examples of the connectors' pages are configuration that is accepted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncline.connectors.registry import connector_class
from syncline.domain.mapping.validation import parse
from syncline.resources.loader import DocumentSet, load

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
        "kafka",
        "mssql",
        "mysql",
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
