"""JSON that a query of ours gives: numbers with all their digits."""

from __future__ import annotations

from decimal import Decimal

import asyncpg
import msgspec

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


async def set_json_codecs(connection: asyncpg.Connection) -> None:
    """Let a connection decode JSON."""
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=str, decoder=_decode, schema="pg_catalog", format="text"
        )
