"""Refused triggers: a second copy of a message is refused again, whatever has changed since."""

from __future__ import annotations

from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.database.database import Repository

_FIND = """
select conflict, reason from refusals where run_id = $1 and request_hash = $2
  and not exists (select from runs r where r.id = $1)
"""
_ADD = """
insert into refusals (run_id, tenant, request_hash, conflict, reason) values ($1, $2, $3, $4, $5)
on conflict (run_id) do update set request_hash = excluded.request_hash,
  conflict = excluded.conflict, reason = excluded.reason, at = now()
  where refusals.tenant = excluded.tenant
"""


class RefusedTriggers(Repository):
    """Every method may raise RetriableError."""

    async def refusal(
        self, run_id: str, request: TriggerRequest
    ) -> NotFoundError | ConflictError | None:
        """Return why this very request was refused before, None if it was not."""
        row = await self._database.fetchrow(_FIND, run_id, request.fingerprint())
        if row is None:
            return None
        return ConflictError(row["reason"]) if row["conflict"] else NotFoundError(row["reason"])

    async def refuse(
        self, run_id: str, request: TriggerRequest, error: NotFoundError | ConflictError
    ) -> None:
        """Note a refusal; an accepted run of that name stays what it is."""
        is_conflict = isinstance(error, ConflictError)
        tenant, fingerprint = request.tenant, request.fingerprint()
        await self._database.execute(_ADD, run_id, tenant, fingerprint, is_conflict, str(error))
