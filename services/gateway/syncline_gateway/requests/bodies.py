"""Request bodies that the domain itself checks: JSON with every number as it was written."""

from __future__ import annotations

import msgspec
from fastapi import Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from syncline.contracts.json_errors import malformed_at
from syncline.contracts.messages import decoder_of
from syncline_gateway.requests.problems import ProblemError


class Body(BaseModel):
    """A request's body: camelCase, nothing unknown, nothing converted."""

    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, hide_input_in_errors=True
    )


async def json_of(request: Request) -> object:
    """Return the decoded body; decimals stay exact.

    Raises:
        ProblemError: 415 when it is not sent as JSON, 400 when it is none.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ProblemError(
            415, "unsupported_media_type", "send JSON: Content-Type application/json"
        )
    raw = await request.body()
    try:
        return decoder_of(object).decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        where = malformed_at(raw) or "not UTF-8 text, nested too deeply, or a malformed number"
        raise ProblemError(400, "malformed_json", f"the body is no JSON: {where}") from None
