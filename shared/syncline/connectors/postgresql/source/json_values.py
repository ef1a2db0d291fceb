"""JSON values of PostgreSQL; one that cannot be decoded fails its row alone."""

from __future__ import annotations

from decimal import Decimal

import asyncpg
import msgspec

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class UnreadableJson(msgspec.Struct, frozen=True):
    """A JSON value that cannot be read: its text, and why."""

    text: str
    reason: str


async def set_json_codecs(connection: asyncpg.Connection) -> None:
    """Let a connection decode JSON, numbers with all their digits."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=str, decoder=_value, schema="pg_catalog", format="text"
        )


def _value(text: str) -> object:
    try:
        return _decode(text)
    except (msgspec.DecodeError, ValueError) as error:
        return UnreadableJson(text, str(error))
    except RecursionError:  # becomes a failure of its record
        return UnreadableJson(text, "it is nested too deeply")
