"""Which dead letters are meant: a filter, and the SQL condition that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.postgres.database.conditions import Conditions

STATUSES = ("pending", "replayed", "discarded", "overtaken")


class DeadLetterFilter(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"
):
    """Which entries; None is any.

    Attributes:
        run: a correlation ID.
        group: a fingerprint.
        text: is found in the error.
        retries: at least so many.
        failed_from, failed_to: when it failed, the second one not included.
        as_of: what was stored later is not meant.
        installation: also messages that nobody could read or believe: they are no tenant's.
    """

    status: str | None = None
    instance: str | None = None
    entity_type: str | None = None
    stage: str | None = None
    category: str | None = None
    code: str | None = None
    source_id: str | None = None
    run: str | None = None
    group: str | None = None
    text: str | None = None
    retries: int | None = None
    failed_from: datetime | None = None
    failed_to: datetime | None = None
    ids: tuple[str, ...] | None = None
    as_of: datetime | None = None
    installation: bool = False


# The columns here stand in the index `dead_letters_listed`, but for those that have their own.
_CONDITIONS = {
    "status": "d.status = {}::text",
    "instance": "d.instance_id = (select id from instances where tenant = $1 and name = {}::text)",
    "entity_type": "d.entity_type = {}::text",
    "stage": "d.stage = {}::text",
    "category": "d.category = {}::text",
    "code": "d.code = {}::text",
    "source_id": "d.source_id = {}::text",
    "run": "d.run_id = {}::uuid",
    "group": "d.fingerprint = {}::text",
    "text": "strpos(lower(d.error), lower({}::text)) > 0",
    "retries": "d.retries >= {}::int",
    "failed_from": "d.failed_at >= {}::timestamptz",
    "failed_to": "d.failed_at < {}::timestamptz",
    "ids": "d.id = any({}::uuid[])",
    "as_of": "d.stored_at <= {}::timestamptz",
}


def conditions_of(tenant: str, wanted: DeadLetterFilter) -> Conditions:
    """Return the conditions on `dead_letters d`; the tenant is $1."""
    where = Conditions(tenant)
    where.add("d.tenant in ($1, '*')" if wanted.installation else "d.tenant = $1")
    for name, sql in _CONDITIONS.items():
        value = getattr(wanted, name)
        where.add(sql, value.lower() if name == "entity_type" and value else value)
    return where


def each_status(wanted: DeadLetterFilter) -> Sequence[DeadLetterFilter]:
    """Part a filter by status: the entries of one lie in order, those of several do not."""
    if wanted.status is not None or wanted.ids is not None:
        return [wanted]
    return [msgspec.structs.replace(wanted, status=status) for status in STATUSES]
