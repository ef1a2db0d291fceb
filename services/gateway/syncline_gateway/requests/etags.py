"""States of objects: the `ETag` of an answer, the `If-Match` of an edit."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            max_length=100,
            description="The `ETag` that the edit is based on; 412 when it was changed meanwhile.",
        ),
    ] = None,
) -> str | None:
    return if_match and if_match.strip().removeprefix("W/").strip('"')


IfMatch = Annotated[str | None, Depends(_if_match)]
"""A route's parameter: the state that an edit is based on; `*` is any, None was not said."""


def etag(mark: str) -> dict[str, str]:
    """Return the header that tells an object's state."""
    return {"ETag": f'"{mark}"'}
