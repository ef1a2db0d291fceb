"""Connection profiles as people see them: by name, in full, their secrets masked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from syncline.domain.configuration.documents import MASK, Kind
from syncline.domain.errors import SynclineError
from syncline.domain.record import JsonObject
from syncline.domain.retry import RetryPolicy
from syncline.postgres.configuration.profiles import secrets_of
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Row
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rekey import SecretRepository
from syncline.postgres.database.rows import mark_of, struct_of
from syncline.postgres.database.sorts import ListPart, Sorts, sort_column
from syncline.postgres.limits.profile_calls import ProfileCallsView, calls_now

_SELECT = """
select p.*, b.opened_at, b.reason, b.probe_at,
  array(select i.name from instances i where i.deleted_at is null
    and p.id in (i.source_id, i.target_id) order by i.name) as used_by
from profiles p left join profile_breakers b on b.profile_id = p.id and b.closed_at is null
where p.tenant = $1 and p.deleted_at is null
"""


class LastTest(msgspec.Struct, frozen=True, rename="camel"):
    """The kept result of a connection test; `stale`: the profile was changed since."""

    ok: bool
    checks: list[JsonObject]
    took_ms: int
    at: datetime
    stale: bool


class BreakerView(msgspec.Struct, frozen=True, rename="camel"):
    """The open circuit breaker of a profile: its runs wait.

    Attributes:
        reason: why it opened, or how its last test failed.
        probe_at: when it is tested next.
    """

    opened_at: datetime
    reason: str
    probe_at: datetime


class ProfileView(msgspec.Struct, frozen=True, rename="camel"):
    """A connection profile.

    Attributes:
        secrets: a mask for each secret that is stored; given back, it keeps the secret.
        secrets_readable: false when no key here decrypts them.
        used_by: instances.
        breaker: while its system does not answer, or refuses the login.
        calls: who uses its calls now, and who waits for one.
        etag: of this state, for `If-Match`.
    """

    name: str
    connector: str
    config: JsonObject
    secrets: dict[str, str]
    secrets_readable: bool
    active: bool
    max_concurrent: int
    rate: float | None
    retry: RetryPolicy
    used_by: list[str]
    last_test: LastTest | None
    breaker: BreakerView | None
    calls: ProfileCallsView
    changed_at: datetime
    etag: str

    @property
    def tested_at(self) -> datetime | None:
        """When its connection was tested last."""
        return self.last_test.at if self.last_test else None


PROFILE_SORTS = Sorts(
    {
        "name": sort_column("p.name", "name", folded=True),
        "maxConcurrent": sort_column("p.max_concurrent", "max_concurrent", "number"),
        "testedAt": sort_column("p.tested_at", "tested_at", "moment", nullable=True),
        "changedAt": sort_column("p.changed_at", "changed_at", "moment"),
    },
    unique=sort_column("p.name", "name"),
    default="name",
)


class ProfileList(SecretRepository):
    """Every method may raise RetriableError."""

    async def page(
        self,
        tenant: str,
        part: ListPart,
        *,
        active: bool | None = None,
        connector: str | None = None,
    ) -> list[ProfileView]:
        """Return profiles, by name where no other order is wanted."""
        where, order = Conditions(tenant), part.order or PROFILE_SORTS.order()
        order.limit(where)
        where.add("(p.name ilike {0} or p.connector ilike {0})", part.pattern)
        where.add("p.active = {}", active)
        where.add("p.connector = {}", connector)
        sql = f"{_SELECT} and {where} order by {order} limit {where.bind(part.limit)}"
        rows = await self._database.fetch(sql, *where.values)
        return await self._views(tenant, rows)

    async def get(self, tenant: str, name: str) -> ProfileView:
        """Return one profile. Raises NotFoundError."""
        select = f"{_SELECT} and p.name = $2"
        row = await row_named(self._database, Kind.PROFILE, tenant, name, select=select)
        (view,) = await self._views(tenant, [row])
        return view

    async def _views(self, tenant: str, rows: Sequence[Row]) -> list[ProfileView]:
        calls = await calls_now(self._database, tenant, [row["id"] for row in rows])
        return [self._view(row, calls.get(row["id"], ProfileCallsView())) for row in rows]

    def _view(self, row: Row, calls: ProfileCallsView) -> ProfileView:
        names: Iterable[str] | None
        try:
            names = sorted(secrets_of(row, self._keys))
        except SynclineError:  # the key is not at hand
            names = None
        return struct_of(
            ProfileView,
            row,
            secrets=dict.fromkeys(names or (), MASK),
            secrets_readable=names is not None,
            retry=RetryPolicy(**row["retry"]),  # whole: a converted dataclass hides its defaults
            last_test=_last_test(row),
            breaker=struct_of(BreakerView, row) if row["opened_at"] else None,
            calls=calls,
            etag=mark_of(row["changed_at"]),
        )


def _last_test(row: Row) -> LastTest | None:
    tested_at, kept = row["tested_at"], row["test"]
    if tested_at is None:
        return None
    stale = tested_at < row["changed_at"]
    return LastTest(kept["ok"], kept["checks"], int(kept["tookMs"]), tested_at, stale)
