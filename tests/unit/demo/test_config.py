"""The shipped configuration is right, and editors check it by the published schema."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template

import jsonschema
import pytest

from syncline.resources.schema import schema
from syncline.resources.yaml_core import read_all

FILES = sorted(Path(str(resources.files("syncline.demo").joinpath("config"))).iterdir())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_names_the_schema_and_holds_to_it(file: Path) -> None:
    text = file.read_text()
    modeline, _, rest = text.partition("\n")
    assert (file.parent / modeline.partition("$schema=")[2]).resolve().is_file()
    documents = read_all(Template(rest).safe_substitute(POSTGRES_PORT="1", SHOP_PORT="2"))
    assert documents
    for document in documents:
        jsonschema.validate(document.value, schema())
