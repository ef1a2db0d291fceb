"""The console's list of transformers is the registry's: names, and what options each has."""

from __future__ import annotations

import re
from pathlib import Path

from syncline.resources.schema import transformers

PAGE = Path(__file__).parents[3] / "console/src/pages/mappings/table/transformers.ts"
_ENTRY = re.compile(r'^  (\w+): \{\s*help: "[^"]+",\s*options: \{([^}]*)\},?\s*\}', re.MULTILINE)


def test_the_table_of_mappings_knows_every_transformer_with_its_options() -> None:
    found = {
        name: sorted(re.findall(r"(\w+): \"", options))
        for name, options in _ENTRY.findall(PAGE.read_text())
    }
    assert found == transformers()
