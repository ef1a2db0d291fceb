"""Hooks and what they received, as people see them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import NotFoundError
from syncline.domain.hook.run import HookStatus
from syncline.domain.hook.signature import HookScheme
from syncline.postgres.audit.log import audit_view
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rows import fetch_structs, mark_of, struct_of
from syncline.postgres.database.sorts import ListPart, Sorts, sort_column

_SHOWN = """
select h.*, i.name as instance,
  case when not h.enabled then 'disabled'
    when h.secret is null and h.signature->>'scheme' <> 'wix' then 'no_secret'
    when i.enabled and p.active and t.active and coalesce(not x.removed, false) then 'enabled'
    else 'dependency_inactive' end as status,
  case when not i.enabled then format('instance %s is Inactive', i.name)
    when not p.active then format('profile %s is Inactive', p.name)
    when not t.active then format('profile %s is Inactive', t.name)
    when coalesce(x.removed, true)
      then format('instance %s has no entity type %s', i.name, h.entity_type) end as why,
  (select max(received_at) from hook_deliveries d where d.hook_id = h.id) as received_at,
  (select count(*) from hook_changes c where c.hook_id = h.id and c.run_id is null) as waiting
from hooks h join instances i on i.id = h.instance_id
join profiles p on p.id = i.source_id join profiles t on t.id = i.target_id
left join streams x on x.instance_id = h.instance_id and x.entity_type = h.entity_type
where h.tenant = $1 and h.deleted_at is null
"""
_SEARCHED = """
position(lower({}) in lower(concat_ws(' ', v.name, v.instance, v.entity_type))) > 0
"""
_DELIVERIES = """
select d.id, d.received_at, d.size, d.ignored, b.delivery_id is not null as has_body,
  coalesce(c.records, 0) as records, coalesce(c.waiting, 0) as waiting,
  coalesce(c.source_ids, '{}') as source_ids, coalesce(r.runs, '[]') as runs
from hook_deliveries d left join hook_bodies b on b.delivery_id = d.id
left join lateral (
  select count(*) as records, count(*) filter (where run_id is null) as waiting,
    (array_agg(source_id))[:10] as source_ids
  from hook_changes where delivery_id = d.id) c on true
left join lateral (
  select jsonb_agg(jsonb_build_object('correlationId', o.run_id, 'reason', o.reason,
    'state', case when u.id is not null then u.state
      when o.reason is not null then 'refused' else 'due' end) order by o.at) as runs
  from (select distinct run_id from hook_changes where delivery_id = d.id) n
  join hook_runs o on o.run_id = n.run_id left join runs u on u.id = o.run_id) r on true
where d.hook_id = $1 and ($2::timestamptz is null or (d.received_at, d.id) < ($2, $3))
order by d.received_at desc, d.id desc limit $4
"""
_BODY = """
select b.body from hook_bodies b join hook_deliveries d on d.id = b.delivery_id
where d.id = $1 and d.hook_id = $2 and d.tenant = $3
"""


class HookSignatureView(msgspec.Struct, frozen=True, rename="camel"):
    """How a hook's deliveries are signed."""

    scheme: HookScheme
    header: str | None = None
    encoding: str = "hex"
    prefix: str = ""
    id_header: str | None = None
    public_key: str | None = None


class HookView(msgspec.Struct, frozen=True, rename="camel"):
    """A hook, never with its secret.

    Attributes:
        id: the end of the address that it receives at.
        path: that address below the gateway's own.
        source_ids: the path to the source IDs in what is received.
        status: enabled, disabled, no_secret or dependency_inactive.
        status_reason: what is not active.
        rotated_at: when its secret was given; for a day after it the one before counts too.
        received_at: when its newest delivery came that is still noted.
        refused_at, refused_why: the newest refusal that was noted.
        waiting: changes that no run has taken yet.
        etag: of this state, for `If-Match`.
    """

    id: str
    name: str
    path: str
    instance: str
    entity_type: str
    source_ids: str
    signature: HookSignatureView
    enabled: bool
    status: str
    status_reason: str | None
    has_secret: bool
    rotated_at: datetime | None
    received_at: datetime | None
    refused_at: datetime | None
    refused_why: str | None
    waiting: int
    changed_at: datetime
    etag: str


class HookDeliveryRun(msgspec.Struct, frozen=True, rename="camel"):
    """A run that a delivery led to; `state` is `due` until it is accepted, or `refused`."""

    correlation_id: str
    state: str
    reason: str | None


class HookDeliveryView(msgspec.Struct, frozen=True, rename="camel"):
    """What a hook received, and what came of it.

    Attributes:
        size: bytes of the body.
        ignored: why nothing came of it.
        records: how many it names; `source_ids` are the first ten.
        waiting: records of it that no run has taken yet.
        has_body: the body is still kept.
    """

    id: str
    received_at: datetime
    size: int
    ignored: str | None
    records: int
    source_ids: list[str]
    waiting: int
    runs: list[HookDeliveryRun]
    has_body: bool


HOOK_SORTS = Sorts(
    {
        "name": sort_column("v.name", "name", folded=True),
        "instance": sort_column("v.instance", "instance", folded=True),
        "entityType": sort_column("v.entity_type", "entity_type"),
        "status": sort_column("v.status", "status"),
        "receivedAt": sort_column("v.received_at", "received_at", "moment", nullable=True),
    },
    unique=sort_column("v.name", "name"),
    default="name",
)


class HookList(Repository):
    """A tenant's hooks. Every method may raise RetriableError."""

    async def page(self, tenant: str, part: ListPart) -> list[HookView]:
        """Return hooks, by name where no other order is wanted."""
        where, order = Conditions(tenant), part.order or HOOK_SORTS.order()
        order.limit(where)
        where.add(_SEARCHED, part.search)
        limited = f"order by {order} limit {where.bind(part.limit)}"
        sql = f"select * from ({_SHOWN}) v where {where} {limited}"
        return [_view(row) for row in await self._database.fetch(sql, *where.values)]

    async def get(self, tenant: str, name: str) -> HookView:
        """Return a hook. Raises NotFoundError."""
        select = f"{_SHOWN} and h.name = $2"
        return _view(await row_named(self._database, Kind.HOOK, tenant, name, select=select))

    async def deliveries(
        self, tenant: str, name: str, limit: int = 25, after: tuple[datetime, str] | None = None
    ) -> list[HookDeliveryView]:
        """Return what a hook received, the newest first. Raises NotFoundError."""
        hook = await row_named(self._database, Kind.HOOK, tenant, name)
        values = (hook["id"], *(after or (None, None)), limit)
        return await fetch_structs(self._database, HookDeliveryView, _DELIVERIES, *values)

    async def body(self, tenant: str, name: str, delivery: str, viewer: str) -> bytes:
        """Return the body of a delivery as it came; the look is audited.

        Raises NotFoundError: there is no such delivery, or its body is kept no more.
        """
        hook = await row_named(self._database, Kind.HOOK, tenant, name)
        row = await self._database.fetchrow(_BODY, delivery, hook["id"], tenant)
        if row is None:
            raise NotFoundError(
                f"the body of delivery {delivery} is not there; it is kept for a day"
            )
        details = {"hook": name, "instance": hook["instance_id"]}
        await audit_view(self._database, tenant, viewer, "payload.viewed", delivery, details)
        body: bytes = row["body"]
        return body


def _view(row: Row) -> HookView:
    status = HookStatus(row["status"])
    return struct_of(
        HookView,
        row,
        path=f"/api/v1/hooks/{row['id']}",
        signature=HookSignatureView(**row["signature"]),
        has_secret=row["secret"] is not None,
        status_reason=row["why"] if status is HookStatus.DEPENDENCY_INACTIVE else None,
        etag=mark_of(row["changed_at"]),
    )
