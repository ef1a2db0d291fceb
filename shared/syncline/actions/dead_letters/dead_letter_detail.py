"""Dead letters as people see and edit them: without the secrets of connection profiles.

They are stored byte for byte, for a replay writes what they hold. Spec section 11.
"""

from __future__ import annotations

import msgspec

from syncline.contracts.messages import decoder_of, encode
from syncline.domain.conversion import malformed_at
from syncline.domain.dead_letter.patch import edited, patch_between
from syncline.domain.dead_letter.replay import INGEST
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import JsonObject
from syncline.postgres.audit.log import audit_view
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.queue import DeadLetterDetail, DeadLetterQueue
from syncline.security.secrets import Keyring
from syncline.telemetry.masking import MASK, Secrets


class MaskedDeadLetters:
    """Shows dead letters; who looks at a payload is audited."""

    def __init__(self, database: Database, keys: Keyring) -> None:
        self._database = database
        self._views = DeadLetterQueue(database)
        self._configuration = Configuration(database, keys)

    async def get(
        self, tenant: str, letter_id: str, viewer: str | None, *, installation: bool = False
    ) -> DeadLetterDetail:
        """Return an entry in full. Raises NotFoundError, RetriableError.

        Args:
            viewer: who asks, and may see payloads; None hides them.
            installation: whoever asks may see also what belongs to no tenant.
        """
        found = await self._views.get(tenant, letter_id, installation=installation)
        if viewer is None:
            return msgspec.structs.replace(found, payload=None, edit=None, is_hidden=True)
        if found.payload is not None:
            await self._audit(tenant, found, viewer)
        secrets = await self._configuration.secrets(tenant)
        payload = None if found.payload is None else _masked(found.payload, secrets)
        edit = _edit(found.edit, secrets)
        is_masked = payload != found.payload
        return msgspec.structs.replace(found, payload=payload, is_masked=is_masked, edit=edit)

    async def payload(
        self, tenant: str, letter_id: str, viewer: str, *, installation: bool = False
    ) -> bytes | None:
        """Return the bytes of an entry's payload. Raises as `get`; its arguments too."""
        found = await self._views.payload(tenant, letter_id, installation=installation)
        if found is None:
            return None
        entry = await self._views.get(tenant, letter_id, installation=installation)
        await self._audit(tenant, entry, viewer)
        secrets = await self._configuration.secrets(tenant)
        text = found.decode(errors="surrogateescape")
        return _masked(text, secrets).encode(errors="surrogateescape")

    async def _audit(self, tenant: str, found: DeadLetterDetail, viewer: str) -> None:
        entry = found.entry
        details = {"instance": entry.instance, "sourceId": entry.source_id}
        await audit_view(self._database, tenant, viewer, "payload.viewed", entry.id, details)


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


_MASKED = (
    f"writes {MASK}, which stands for a secret in what is shown: give the whole value, or leave "
    "the field as it is, and it keeps what is stored"
)


class PayloadEdit(msgspec.Struct, frozen=True):
    """A person's change of one entry's payload."""

    entry: str
    patch: list[JsonObject]


def edit_of(found: DeadLetterDetail, text: str, where: str, name: str = "the edit") -> PayloadEdit:
    """Read an edit: a JSON Patch (an array), or the whole payload (an object).

    Args:
        found: the entry as it is shown; what is masked there and not changed stays as stored.
        where: the path that its mistakes are named by.
        name: what its mistakes call it.

    Raises:
        InvalidInputError: it cannot be read, does not apply, or changes nothing.
    """
    wanted = _read(text, where, name)
    if found.payload in (None, "null") or found.entry.stage == INGEST:
        message = "this entry has no payload that could be edited: replay it from ingest"
        raise wrong(where, message)
    payload = decoder_of(object).decode(found.payload or "")
    if not isinstance(wanted, dict | list):
        raise wrong(where, "must hold a JSON Patch (an array) or a payload (an object)")
    patch = wanted if isinstance(wanted, list) else patch_between(payload, wanted)
    if not all(isinstance(step, dict) for step in patch):
        raise wrong(where, "is no JSON Patch: every step must be an object with op and path")
    try:
        changed = edited(payload, patch)
    except InvalidInputError as error:
        raise wrong(where, error.problems[0].message) from None
    if encode(changed) == encode(payload):  # 1 and true are equal to Python
        raise wrong(where, "changes nothing")
    if found.is_masked and any(MASK in encode(step).decode() for step in patch):
        raise wrong(where, _MASKED)
    return PayloadEdit(found.entry.id, patch)


def wrong(where: str, message: str) -> InvalidInputError:
    """Make the error that names a mistake in an edit."""
    return InvalidInputError([Problem(where, message)])


def _read(text: str, where: str, name: str) -> object:
    try:
        return decoder_of(object).decode(text)
    except (UnicodeError, RecursionError):
        message = f"{name} is no JSON: not UTF-8 text, or nested too deeply"
        raise wrong(where, message) from None
    except msgspec.DecodeError:
        place = malformed_at(text) or "a number or a text is malformed"
        raise wrong(where, f"{name} is no JSON: {place}") from None
