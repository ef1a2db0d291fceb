"""The property names of the real Service Layer, read from the sources of `b1sl-python`.

The package holds models that were made from SAP's metadata; importing it takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    "BusinessPartnerGroups": "BusinessPartnerGroup",
    "BusinessPartners": "BusinessPartner",
    "Drafts": "Document",
    "ItemGroups": "ItemGroups",
    "Items": "Item",
    "Orders": "Document",
    "PaymentTermsTypes": "PaymentTermsType",
    "PriceLists": "PriceList",
    "Quotations": "Document",
    "UnitOfMeasurementGroups": "UnitOfMeasurementGroup",
    "VatGroups": "VatGroup",
    "Warehouses": "Warehouse",
}
"""Entity set -> the type of what is in it."""
_CLASS = re.compile(r"^class (\w+)\(.*?(?=^class |\Z)", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"alias='(\w+)'")


@cache
def _sources() -> Mapping[str, str]:
    """Return the source of each model by its name."""
    spec = find_spec("b1sl")
    assert spec is not None, "pip install -e '.[test]' brings b1sl-python"
    folders = spec.submodule_search_locations or [""]
    models = Path(folders[0]) / "b1sl" / "models" / "_generated"
    files = [*models.glob("entities/*.py"), models / "complex_types.py"]
    found = (_CLASS.finditer(file.read_text()) for file in files)
    return {match[1]: match[0] for matches in found for match in matches}


@cache
def properties_of(name: str) -> frozenset[str]:
    """Return the properties of an entity or complex type, such as DocumentLine."""
    names = frozenset(_NAME.findall(_sources()[name]))
    assert names, name
    return names
