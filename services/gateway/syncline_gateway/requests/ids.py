"""IDs in addresses and queries: UUIDs in any spelling outside, their canonical text inside."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import GetCoreSchemaHandler, GetPydanticSchema
from pydantic_core import CoreSchema, core_schema


def _schema(_type: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's
    as_text = core_schema.to_string_ser_schema()
    return core_schema.no_info_after_validator_function(str, handler(UUID), serialization=as_text)


Id = Annotated[str, GetPydanticSchema(_schema)]
"""A route's parameter: an ID; the document calls it a UUID."""
