"""Secrets of hooks: found to verify a delivery, given and rotated with an overlap; audited."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, Problem, RetriableError
from syncline.domain.hook.signature import HookSignature
from syncline.postgres.audit.log import audit
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rekey import SecretRepository, rekey_column
from syncline.postgres.database.rows import struct_of
from syncline.security.hook_signatures import checked_secret, new_hook_secret
from syncline.security.secrets import SecretsError

BOTH_COUNT = timedelta(hours=24)
"""How long the secret before counts beside the one that replaced it."""
_RECEIVING = """
select id, tenant, name, source_ids, signature, enabled, secret,
  rotated_at > now() - $2::interval as both_count
from hooks where id = $1 and deleted_at is null
"""
_REFUSED = "update hooks set refused_at = now(), refused_why = $2 where id = $1"
_ROTATED = """
update hooks set secret = $2, rotated_at = now(), changed_at = clock_timestamp() where id = $1
"""


class ReceivingHook(msgspec.Struct, frozen=True):
    """A hook as a delivery finds it; `secrets` are those that may have signed."""

    id: str
    tenant: str
    name: str
    source_ids: str
    signature: HookSignature
    enabled: bool
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"ReceivingHook({self.name!r})"


class HookSecrets(SecretRepository):
    """Every method may raise RetriableError."""

    async def find(self, hook_id: str) -> ReceivingHook | None:
        """Return the hook of an address, of whatever tenant; None: there is none.

        A key that is missing is an outage, RetriableError: the sender tries again.
        """
        row = await self._database.fetchrow(_RECEIVING, hook_id, BOTH_COUNT)
        if row is None:
            return None
        secrets: tuple[str, ...] = ()
        if row["secret"] is not None:
            try:
                stored = self._keys.decrypt(row["secret"], row["tenant"], secret_scope(row["id"]))
            except SecretsError as error:
                raise RetriableError(str(error), code="key_missing") from error
            names = ("now", "before") if row["both_count"] else ("now",)
            secrets = tuple(stored[name] for name in names if name in stored)
        return struct_of(ReceivingHook, row, secrets=secrets)

    async def note_refusal(self, hook_id: str, why: str) -> None:
        """Note why a delivery was refused, for the hook's owner. The caller limits how often."""
        await self._database.execute(_REFUSED, hook_id, why)

    async def rotate(self, tenant: str, actor: str, name: str, given: str | None) -> str:
        """Give a hook its first or another secret and return it; the one before counts for a day.

        Args:
            given: the secret that the system has made; None makes one.

        Raises:
            NotFoundError: there is no such hook.
            InvalidInputError: the scheme has no secret, or this cannot be one.
        """
        async with self._database.transaction() as connection:
            row = await row_named(connection, Kind.HOOK, tenant, name, "for update")
            signature = msgspec.convert(row["signature"], HookSignature)
            if not signature.needs_secret:
                words = f"`{signature.scheme}` has no secret: its public key is in the settings"
                raise InvalidInputError([Problem("$.secret", words)])
            scheme, scope = signature.scheme, secret_scope(row["id"])
            secret = new_hook_secret(scheme) if given is None else checked_secret(scheme, given)
            secrets = {"now": secret}
            if row["secret"] is not None:
                secrets["before"] = self._keys.decrypt(row["secret"], tenant, scope)["now"]
            stored = self._keys.encrypt(secrets, tenant, scope)
            await connection.execute(_ROTATED, row["id"], stored)
            await audit(connection, tenant, actor, "hook.secret_rotated", name, {})
        return secret

    async def rekey(self, actor: str) -> int:
        """Encrypt every secret that is not under the first key anew; return how many there were."""
        async with self._database.transaction() as connection:
            old = await rekey_column(connection, self._keys, "hooks", "secret", secret_scope)
            for row in old:
                await audit(connection, row["tenant"], actor, "hook.rekeyed", row["name"], {})
            return len(old)


def secret_scope(hook: str) -> str:
    """Return what a hook's secret is bound to, beside the tenant."""
    return f"hook:{hook}"
