"""JSON Schemas that lie beside their connectors as files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


@cache
def schema_beside(package: str) -> dict[str, Any]:
    """Return a connector package's `profile.schema.json`."""
    text = files(package).joinpath("profile.schema.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Any])
