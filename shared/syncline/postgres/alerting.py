"""How subjects stand, and what is told of them: state and deliveries in one transaction.

Whatever comes twice or late, or is looked at by two processes at once, meets the row of its
subject, locked, and finds that nothing is new.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
from uuid6 import uuid7

from syncline.contracts.alerts import StateChange
from syncline.domain.alerts import Alert, AlertState, Subject
from syncline.postgres.database import Database

_LOCK = 7_305_817_213  # any fixed number of our own


class Verdict(NamedTuple):
    """How subjects stand now, and what of it is told."""

    states: Mapping[Subject, AlertState]
    changes: Sequence[StateChange]


Decide: TypeAlias = Callable[[Mapping[Subject, AlertState]], Verdict]


class Alerting:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def decide(self, subjects: Collection[Subject], decide: Decide) -> Sequence[StateChange]:
        """Lock subjects, decide on them, keep the verdict, and queue what is to be told."""
        async with self._database.transaction() as connection:
            return await _decided(connection, subjects, decide)

    async def weigh_pending(
        self, decide: Callable[[Mapping[Subject, int]], Decide]
    ) -> Sequence[StateChange]:
        """Decide on the numbers of pending dead letters by instance.

        One process at a time, so that an older count never follows a newer one.
        """
        async with self._database.transaction() as connection:
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
                return []
            pending = await _pending(connection)
            return await _decided(connection, pending, decide(pending))


async def _pending(connection: Any) -> dict[Subject, int]:  # noqa: ANN401
    rows = await connection.fetch(
        """select i.tenant, i.name, coalesce(p.count, 0) as count from instances i
        left join (select tenant, instance_id, count(*) from dead_letters
          where status = 'pending' group by 1, 2) p on p.tenant = i.tenant and p.instance_id = i.id
        left join alert_states a on a.tenant = i.tenant and a.instance = i.name
          and a.entity_type = ''
        where p.count > 0 or a.open <> '{}'"""
    )
    return {Subject(row["tenant"], row["name"]): row["count"] for row in rows}


async def _decided(
    connection: Any,  # noqa: ANN401
    subjects: Collection[Subject],
    decide: Decide,
) -> Sequence[StateChange]:
    states = await _locked(connection, sorted(subjects))
    verdict = decide(states)
    await connection.executemany(
        "update alert_states set open = $4, judged_at = $5 "
        "where tenant = $1 and instance = $2 and entity_type = $3",
        [
            (s.tenant, s.instance, s.entity_type, list(map(str, state.open)), state.judged_at)
            for s, state in verdict.states.items()
            if state != states[s]
        ],
    )
    for change in verdict.changes:
        await _queue(connection, change)
    return verdict.changes


async def _locked(connection: Any, subjects: Sequence[Subject]) -> dict[Subject, AlertState]:  # noqa: ANN401
    """Lock the rows of subjects, in an order that all keep; those that are new begin well."""
    keys = [[getattr(s, name) for s in subjects] for name in ("tenant", "instance", "entity_type")]
    await connection.execute(
        """insert into alert_states (tenant, instance, entity_type)
        select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing""",
        *keys,
    )
    rows = await connection.fetch(
        """select a.* from alert_states a
        join unnest($1::text[], $2::text[], $3::text[]) as s(tenant, instance, entity_type)
          using (tenant, instance, entity_type)
        order by a.tenant, a.instance, a.entity_type for update of a""",
        *keys,
    )
    return {
        Subject(r["tenant"], r["instance"], r["entity_type"]): AlertState(
            tuple(map(Alert, r["open"])), r["judged_at"]
        )
        for r in rows
    }


async def _queue(connection: Any, change: StateChange) -> None:  # noqa: ANN401
    """Keep a notification and its way to everyone who wants it."""
    subject, id_ = change.subject, uuid7()
    await connection.execute(
        """insert into notifications (id, tenant, event, instance, entity_type, at, data)
        values ($1, $2, $3, $4, $5, $6, $7)""",
        id_, subject.tenant, str(change.alert), subject.instance, subject.entity_type, change.at,
        msgspec.to_builtins(change.data),
    )  # fmt: skip
    await connection.execute(
        """insert into deliveries (id, tenant, subscription_id, notification_id)
        select gen_random_uuid(), tenant, id, $2 from subscriptions
        where tenant = $1 and active and events && $3::text[]
          and (instances = '{}' or $4 = any(instances))""",
        subject.tenant, id_, list(map(str, change.wanted_as)), subject.instance,
    )  # fmt: skip
