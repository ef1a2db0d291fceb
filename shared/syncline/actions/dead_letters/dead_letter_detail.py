"""Dead letters as people see them: without the secrets of their tenant's connection profiles.

They are stored byte for byte, for a replay writes what they hold. Spec section 11.
"""

from __future__ import annotations

import msgspec

from syncline.contracts.messages import decoder_of, encode
from syncline.domain.record import JsonObject
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.queue import DeadLetterDetail, DeadLetterQueue
from syncline.security.secrets import Keyring
from syncline.telemetry.masking import Secrets


class DeadLetters:
    """Shows dead letters."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._views = DeadLetterQueue(database)
        self._configuration = Configuration(database, keys)

    async def get(self, tenant: str, letter_id: str) -> DeadLetterDetail:
        """Return an entry in full. Raises NotFoundError, RetriableError."""
        found = await self._views.get(tenant, letter_id)
        secrets = await self._configuration.secrets(tenant)
        payload = None if found.payload is None else _masked(found.payload, secrets)
        edit = _edit(found.edit, secrets)
        is_masked = payload != found.payload
        return msgspec.structs.replace(found, payload=payload, is_masked=is_masked, edit=edit)

    async def payload(self, tenant: str, letter_id: str) -> bytes | None:
        """Return the bytes of an entry's payload. Raises NotFoundError, RetriableError."""
        found = await self._views.payload(tenant, letter_id)
        if found is None:
            return None
        secrets = await self._configuration.secrets(tenant)
        text = found.decode(errors="surrogateescape")
        return _masked(text, secrets).encode(errors="surrogateescape")


def _masked(text: str, secrets: Secrets) -> str:
    """Mask JSON so that it stays JSON, and anything else as a whole."""
    try:
        decoder_of(msgspec.Raw).decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # no JSON: masked as a text
        return secrets.mask(text)
    return secrets.mask_json(text)


def _edit(edit: JsonObject | None, secrets: Secrets) -> JsonObject | None:
    if edit is None:
        return None
    shown: JsonObject = decoder_of(dict).decode(secrets.mask_json(encode(edit).decode()))
    return shown
