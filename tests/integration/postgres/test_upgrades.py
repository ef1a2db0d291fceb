"""What an older release left behind goes on after an upgrade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
import structlog
from pydantic import SecretStr

from syncline.bootstrap.life import life
from syncline.bootstrap.settings import Settings
from syncline.contracts.alerts import AlertData, Happening
from syncline.domain.errors import RetriableError
from syncline.domain.notification.incident import AlertState, AlertTiming, Subject
from syncline.postgres.database.database import Database, Row, open_database
from syncline.postgres.database.migration import (
    Migration,
    MigrationError,
    available,
    migrate,
    read_schema,
)
from syncline.postgres.dead_letters.patterns import renew_patterns
from syncline.postgres.notifications.alert_states import Alerting, AlertVerdict
from syncline.postgres.runs.auditor import audit
from tests.support.configured import configure

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SUBJECT = Subject("default", "erp-shop", "item")
_LETTER = """
insert into dead_letters (id, tenant, stream_id, instance_id, entity_type, source_id, stage,
  category, code, error, fingerprint, attempts, retries, failed_at, stored_at, status, version,
  payload)
select gen_random_uuid(), 'default', s.id, s.instance_id, 'item', $1, 'execute', 'permanent',
  'conflict', 'POST /items answered 409: SKU ' || $1 || ' exists', 'old-' || $1, '[]', 0,
  now() - make_interval(hours => $2), now() - make_interval(hours => $2), 'pending', 10 - $2,
  convert_to('{"sku":"' || $1 || '"}', 'UTF8') from streams s
"""


@pytest.fixture
async def before(empty_postgres: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of the release before dead letters closed by themselves."""
    older = [one for one in available() if one.name < "0016"]
    monkeypatch.setattr("syncline.postgres.database.migration.available", lambda: older)
    await migrate(empty_postgres)
    monkeypatch.undo()
    return empty_postgres


async def test_dead_letters_of_an_older_release(before: str) -> None:
    async with open_database(before) as db:
        await configure(db)
        for name, hours in (("pen", 3), ("pen", 2), ("pen", 1), ("ink", 2), ("paper", 5)):
            await db.execute(_LETTER, name, hours)
        await db.execute(
            """insert into ledger (stream_id, source_id, tenant, run_id, version, written_at)
            select id, 'paper', 'default', gen_random_uuid(), 7, now() from streams"""
        )
    await migrate(before)
    async with open_database(before) as db:
        assert await renew_patterns(db) == 5
        rows = await db.fetch(
            """select source_id, status, fingerprint, pattern, overtaken_by is null as alone,
              overtaken_run is null as unwritten from dead_letters order by source_id, failed_at"""
        )
        assert [(r["source_id"], r["status"]) for r in rows] == [
            ("ink", "pending"), ("paper", "overtaken"), ("pen", "overtaken"),
            ("pen", "overtaken"), ("pen", "pending"),
        ]  # fmt: skip
        assert {r["pattern"] for r in rows} == {"POST /items answered 409: SKU ? exists"}
        assert len({r["fingerprint"] for r in rows}) == 1
        assert [r["unwritten"] for r in rows] == [True, False, True, True, True]
        findings = {finding.check for finding in await audit(db)}
        assert not {name for name in findings if "dead letter" in name and "failed =" not in name}


async def test_what_was_told_by_an_older_release_ends_for_those_who_heard_it(before: str) -> None:
    told, later = str(uuid4()), str(uuid4())
    connection = await asyncpg.connect(before)
    try:
        for id_, name in ((told, "told"), (later, "later")):
            await connection.execute(
                """insert into subscriptions (id, tenant, name, kind, addresses, events)
                values ($1, 'default', $2, 'email', '{a@example.com}', '{run_failed}')""",
                id_, name,
            )  # fmt: skip
        await connection.execute(
            """with n as (insert into notifications
                (id, tenant, event, instance, entity_type, at, data)
              values (gen_random_uuid(), 'default', 'run_failed', 'erp-shop', 'item', $2, '{}')
              returning id)
            insert into deliveries (id, tenant, subscription_id, notification_id, state)
            select gen_random_uuid(), 'default', $1, id, 'delivered' from n""",
            told, NOW,
        )  # fmt: skip
        await connection.execute(
            "insert into alert_states values ('default', 'erp-shop', 'item', '{run_failed}', $1)",
            NOW,
        )
    finally:
        await connection.close()
    await migrate(before)
    async with open_database(before) as db:
        data = AlertData(alert="recovered", tenant="default", instance="erp-shop", total=1)
        happening = Happening(SUBJECT, None, data, proven=True)
        alerting = Alerting(db, AlertTiming(hold=0))
        (message,) = await alerting.decide(
            [SUBJECT], [], lambda states, _: AlertVerdict({SUBJECT: AlertState()}, [happening]), NOW
        )
        assert (message.data.alert, message.data.recovered_from) == ("recovered", ["run_failed"])
        assert await _heard(db) == {told}


@pytest.fixture
def as_release(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[Migration]], None]:
    """Make this code know other migrations, as another release does."""

    def know(migrations: list[Migration]) -> None:
        monkeypatch.setattr("syncline.postgres.database.migration.available", lambda: migrations)

    return know


async def test_the_release_before_starts_on_a_newer_schema(
    empty_postgres: str,
    as_release: Callable[[list[Migration]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs = structlog.testing.CapturingLogger()
    monkeypatch.setattr("syncline.bootstrap.life.log", logs)
    own = available()
    newer = Migration("9998_newer.sql", "alter table runs add column of_later text")
    as_release([*own, newer])
    assert (await migrate(empty_postgres))[-1] == "9998_newer.sql"
    as_release(own)
    assert await migrate(empty_postgres) == []
    settings = Settings(_env_file=None, postgres_dsn=SecretStr(empty_postgres))
    async with life(settings) as begun:
        assert begun is not None
        await configure(begun.database)
    (said,) = logs.calls
    assert (said.args, said.kwargs) == (("schema_newer",), {"migrations": ["9998_newer.sql"]})


async def test_it_does_not_start_where_a_migration_breaks_it(
    empty_postgres: str, as_release: Callable[[list[Migration]], None]
) -> None:
    own = available()
    breaking = Migration("9999_drop.sql", "-- breaks code before 9998\ndrop table alert_states")
    as_release([*own, Migration("9998_newer.sql", "select 1"), breaking])
    await migrate(empty_postgres)
    assert await read_schema(empty_postgres) == ([], [])
    as_release(own)
    settings = Settings(_env_file=None, postgres_dsn=SecretStr(empty_postgres))
    with pytest.raises(MigrationError, match="needs code that knows migration 9998"):
        async with life(settings):
            pass


async def test_a_migration_under_a_working_service_is_an_outage_and_no_bug(
    empty_postgres: str,
) -> None:
    async with open_database(empty_postgres, size=1) as database:
        await database.execute("create table kept (a int)")

        async def read() -> Sequence[Row]:
            async with database.transaction() as connection:
                return await connection.fetch("select * from kept")

        await read()
        await database.execute("alter table kept add column b int")
        with pytest.raises(RetriableError, match="has just got a newer schema"):
            await read()
        assert await read() == []


async def _heard(db: Database) -> set[object]:
    rows = await db.fetch(
        """select d.subscription_id from deliveries d join notifications n
          on n.id = d.notification_id where n.event = 'recovered'"""
    )
    return {row["subscription_id"] for row in rows}
