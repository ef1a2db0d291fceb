"""What PostgreSQL refuses: a call for rights, tables and failovers, a record for its own values."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from syncline.connectors.port import ConnectorError
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.domain.errors import Category, RetriableError
from syncline.testing.connectors.bulks import bulk
from tests.support.postgresql import connector_to, drop_role

TABLE = "create table t (id int primary key, n varchar(10), q numeric(10,2))"
MANY = [{"id": n, "n": "x"} for n in range(500)]


class Place:
    """A database, its owner's connection, and a connector whose user owns nothing."""

    def __init__(self, dsn: str, owner: asyncpg.Connection, role: str) -> None:
        self.dsn = dsn
        self.owner = owner
        self.role = role
        self.calls = 0
        self.connector = connector_to(dsn, "sesame", user=role)
        self.connector.pace = self._count

    async def _count(self) -> None:
        self.calls += 1

    async def write(self, records: Sequence[dict[str, Any]] = MANY, table: str = "t") -> Any:
        return await self.connector.write(bulk(table, records))

    async def refused(self, code: str, *words: str) -> None:
        """Write much, and see it refused as a whole at the first try."""
        with pytest.raises(ConnectorError) as caught:
            await self.write()
        failure = caught.value.failure
        assert (failure.category, failure.code) == (Category.PERMANENT, code)
        assert [word for word in words if word not in failure.message] == [], failure.message
        assert self.calls <= 1

    async def ids(self) -> list[int]:
        return [row[0] for row in await self.owner.fetch("select id from t order by id")]


@pytest.fixture
async def place(empty_postgres: str) -> AsyncIterator[Place]:
    owner = await asyncpg.connect(empty_postgres)
    role = f"writer_{secrets.token_hex(4)}"
    await owner.execute(f"create role {role} login password 'sesame'; {TABLE}")
    await owner.execute(f"grant select, insert, update, delete on t to {role}")
    place = Place(empty_postgres, owner, role)
    yield place
    await place.connector.close()
    await drop_role(owner, role)
    await owner.close()


class TestTheCalls:
    async def test_a_right_to_insert_that_is_lacking(self, place: Place) -> None:
        await place.owner.execute(f"revoke insert on t from {place.role}")
        await place.refused(
            "not_permitted", "permission denied", f"grant insert on public.t to {place.role}"
        )

    async def test_a_right_to_update_that_is_lacking(self, place: Place) -> None:
        await place.owner.execute(f"revoke update, select on t from {place.role}")
        await place.refused("not_permitted", "grant update, select on public.t to")

    async def test_a_right_to_some_columns_alone(self, place: Place) -> None:
        await place.owner.execute(
            f"revoke insert on t from {place.role}; grant insert (id) on t to {place.role}"
        )
        await place.refused("not_permitted", "permission denied", f"grant {place.role}")

    async def test_a_right_to_temporary_tables_that_is_lacking(self, place: Place) -> None:
        name = await place.owner.fetchval("select current_database()")
        await place.owner.execute(f"revoke temporary on database {name} from public")
        await place.refused("not_permitted", f'grant temporary on database "{name}" to')

    async def test_a_schema_that_is_closed(self, place: Place) -> None:
        await place.owner.execute("create schema s; create table s.t (id int primary key)")
        with pytest.raises(ConnectorError, match="permission denied for schema s") as caught:
            await place.write(table="s.t")
        assert caught.value.failure.code == "not_permitted"

    async def test_a_schema_that_is_not_there(self, place: Place) -> None:
        with pytest.raises(ConnectorError, match=r"nowhere\.t"):
            await place.write(table="nowhere.t")

    async def test_what_is_no_table(self, place: Place) -> None:
        await place.owner.execute("create sequence counter")
        with pytest.raises(ConnectorError, match="counter is no table"):
            await place.write(table="counter")

    @pytest.mark.parametrize("how", ["constraint u unique (id) deferrable", "unique (id)"])
    async def test_a_key_that_is_deferrable(self, place: Place, how: str) -> None:
        await place.owner.execute(f"alter table t drop constraint t_pkey, add {how}")
        if "deferrable" in how:
            await place.refused("no_unique_key", "unique index u on (id) is deferrable")
        else:
            assert (await place.write()).failures == {}

    async def test_an_identity_that_is_generated_always(self, place: Place) -> None:
        await place.owner.execute("alter table t alter column id add generated always as identity")
        await place.refused(
            "generated_column", "column 'id'", 'alter column "id" set generated by default'
        )

    @pytest.mark.parametrize("kind", ["generated by default as identity", "default 7"])
    async def test_an_identity_or_default_that_may_be_written(
        self, place: Place, kind: str
    ) -> None:
        verb = "add" if "identity" in kind else "set"
        await place.owner.execute(f"alter table t alter column id {verb} {kind}")
        assert (await place.write()).failures == {}

    async def test_a_partitioned_table_without_a_key(self, place: Place) -> None:
        await place.owner.execute("drop table t")
        await place.owner.execute("create table t (id int, n text) partition by list (n)")
        await place.refused("no_unique_key", "partitioned by LIST (n)", "must hold those columns")

    async def test_row_level_security_that_lets_nobody_in(self, place: Place) -> None:
        await place.owner.execute("alter table t enable row level security")
        await place.refused("not_permitted", "row-level security", "create a policy on public.t")

    async def test_row_level_security_that_takes_none_of_a_bulk(self, place: Place) -> None:
        await place.owner.execute("alter table t enable row level security")
        await place.owner.execute("create policy p on t using (true) with check (id < 0)")
        with pytest.raises(ConnectorError, match="create a policy"):
            await place.write(MANY[:5])
        result = await place.write([{"id": -1, "n": "a"}, {"id": 1, "n": "b"}])
        assert list(result.failures) == [1]

    async def test_a_view_that_cannot_be_written(self, place: Place) -> None:
        await place.owner.execute("create view v as select max(id) as id, 'x' as n from t")
        await place.owner.execute(f"grant all on v to {place.role}")
        with pytest.raises(ConnectorError, match="view"):
            await place.write(table="v")
        assert place.calls == 1

    async def test_a_trigger_that_may_not_do_what_it_does(self, place: Place) -> None:
        await place.owner.execute(_trigger("insert into audit values (new.id)"))
        await place.owner.execute("create table audit (id int)")
        await place.refused("not_permitted", "permission denied for table audit")

    async def test_a_view_that_can_be_written_is(self, place: Place) -> None:
        await place.owner.execute("create view v as select id, n from t where id < 9")
        await place.owner.execute(f"grant all on v to {place.role}")
        assert (await place.write(table="v")).failures == {}
        assert (await place.write(table="v")).failures == {}
        assert await place.ids() == list(range(500))

    async def test_a_database_that_is_gone(self, place: Place) -> None:
        await place.connector.close()
        connector = connector_to(place.dsn, database="no_such_database")
        with pytest.raises(ConnectorError) as caught:
            await connector.write(bulk("t", MANY))
        await connector.close()
        assert caught.value.failure.code == "no_database"


def _trigger(body: str) -> str:
    return f"""create function f() returns trigger language plpgsql as $$
        begin {body}; return new; end $$;
        create trigger g before insert on t for each row execute function f()"""


class TestTheRecords:
    async def test_a_trigger_that_raises_is_its_records(self, place: Place) -> None:
        for state in ("P0001", "42501", "57P01", "AB123"):
            await place.owner.execute("drop function if exists f() cascade")
            await place.owner.execute(
                _trigger(
                    f"if new.id = 2 then raise 'not %', new.id using errcode='{state}'; end if"
                )
            )
            result = await place.write([{"id": n, "n": "x"} for n in range(5)])
            assert {n: f.message for n, f in result.failures.items()} == {2: "PostgreSQL: not 2"}
        assert await place.ids() == [0, 1, 3, 4]

    async def test_a_row_that_a_trigger_leaves_out_is_told_of(self, place: Place) -> None:
        await place.owner.execute(_trigger("if new.id = 2 then return null; end if"))
        result = await place.write([{"id": n, "n": "x"} for n in range(5)])
        assert {n: f.code for n, f in result.failures.items()} == {2: "value_refused"}
        assert "trigger" in result.failures[2].message
        assert await place.ids() == [0, 1, 3, 4]

    async def test_a_reference_that_is_checked_at_the_end(self, place: Place) -> None:
        await place.owner.execute(
            "alter table t add column owner int references t deferrable initially deferred"
        )
        records = [{"id": 1, "owner": 2}, {"id": 2, "owner": 2}, {"id": 3, "owner": 99}]
        result = await place.write(records)
        assert {n: f.code for n, f in result.failures.items()} == {2: "parent_missing"}
        assert await place.ids() == [1, 2]

    async def test_a_name_that_a_column_of_names_cannot_find(self, place: Place) -> None:
        await place.owner.execute("alter table t add column r regclass, add column k regtype")
        records = [{"id": 1, "r": "t"}, {"id": 2, "r": "nope"}, {"id": 3, "k": "nope"}]
        result = await place.write(records)
        assert sorted(result.failures) == [1, 2]

    async def test_a_row_that_is_too_big_for_its_index(self, place: Place) -> None:
        await place.owner.execute("alter table t add column big text; create index on t (big)")
        big = secrets.token_hex(20_000)
        result = await place.write([{"id": 1, "big": big}, {"id": 2, "big": "small"}])
        assert list(result.failures) == [0]
        assert await place.ids() == [2]


class TestWhatPasses:
    async def test_a_target_that_is_read_only_for_a_while(self, place: Place) -> None:
        """Its pooled connections keep leading there; what is written next has a new one."""
        await place.write(MANY[:1])
        name = await place.owner.fetchval("select current_database()")
        read_only = f"alter database {name} set default_transaction_read_only"
        await place.owner.execute(f"{read_only} = on")
        await place.connector.close()
        with pytest.raises(RetriableError, match="read-only") as caught:
            await place.write()
        assert caught.value.failure.code == "read_only"
        await place.owner.execute(f"{read_only} = off")

        assert (await place.write()).failures == {}
        assert len(await place.ids()) == len(MANY)

    async def test_a_connection_that_was_ended_by_the_server(self, place: Place) -> None:
        await place.write(MANY[:1])
        await place.owner.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1", place.role
        )
        try:
            result = await place.write()
        except RetriableError:
            result = await place.write()
        assert result.failures == {}

    async def test_a_lock_that_another_holds(self, place: Place) -> None:
        await place.connector.close()
        await place.owner.execute(f"alter role {place.role} set lock_timeout = '50ms'")
        async with place.owner.transaction():
            await place.owner.execute("lock table t in access exclusive mode")
            with pytest.raises(RetriableError):
                await place.write()
        assert place.calls <= 1

    async def test_too_many_connections(self, place: Place) -> None:
        await place.owner.execute(f"alter role {place.role} connection limit 0")
        with pytest.raises(RetriableError, match="too many connections"):
            await place.write()


class TestTablesThatChange:
    @pytest.mark.parametrize("known", [False, True])
    async def test_a_column_that_is_widened(self, place: Place, known: bool) -> None:
        await place.write([{"id": 1, "n": "short", "q": "1.5"}])
        await place.owner.execute(
            "alter table t alter n type varchar(50), alter q type numeric(12,4)"
        )
        records = [{"id": 2, "n": "a text of 23 letters ok", "q": "0.5"},
                   {"id": 3, "n": "short", "q": "1.2345"}]  # fmt: skip
        ids = ["7", "8"] if known else []

        result = await place.connector.write(bulk("t", records, target_ids=ids))

        assert result.failures == {}
        rows = await place.owner.fetch("select n, q::text from t order by id")
        assert [tuple(row) for row in rows[1:]] == [
            ("a text of 23 letters ok", "0.5000"), ("short", "1.2345"),
        ]  # fmt: skip

    async def test_rounding_is_the_columns_own(self, place: Place) -> None:
        await place.write([{"id": 1, "q": "1.2345"}])
        assert str(await place.owner.fetchval("select q from t")) == "1.23"

    async def test_a_column_of_another_type(self, place: Place) -> None:
        await place.write([{"id": 1, "n": "1"}])
        await place.owner.execute("alter table t alter n type bigint using n::bigint")
        result = await place.write([{"id": 2, "n": 2**40}, {"id": 3, "n": "x"}])
        assert list(result.failures) == [1]
        assert await place.owner.fetchval("select n from t where id = 2") == 2**40

    async def test_types_of_others_can_be_changed_meanwhile(self, place: Place) -> None:
        await place.owner.execute(
            "create type mood as enum ('good'); create domain small as int check (value < 9);"
            "alter table t add column m mood, add column s small"
        )
        record = {"id": 1, "m": "good", "s": 1}
        assert (await place.write([record])).failures == {}
        await place.owner.execute(
            "alter table t alter m type text; drop type mood; create type mood as enum ('bad');"
            "alter table t alter m type mood using 'bad'; alter type mood rename to temper;"
            "alter domain small add check (value > 0)"
        )
        result = await place.write([record | {"m": "bad"}, {"id": 2, "s": 0}, {"id": 3, "s": 10}])
        assert sorted(result.failures) == [1, 2]

    async def test_a_type_that_was_renamed_alone(self, place: Place) -> None:
        await place.owner.execute(
            "create type mood as enum ('good'); alter table t add column m mood"
        )
        await place.write([{"id": 1, "m": "good"}])
        await place.owner.execute("alter type mood rename to temper")
        assert (await place.write([{"id": 1, "m": "good"}])).failures == {}

    async def test_the_first_schema_that_has_the_table_counts(self, place: Place) -> None:
        connector: PostgresqlConnector = connector_to(place.dsn)
        user = await place.owner.fetchval("select current_user")
        await connector.write(bulk("t", [{"id": 1, "n": "one"}]))
        await place.owner.execute(f'create schema "{user}"')
        await place.owner.execute(f'create table "{user}".t (id int primary key, n int)')
        await connector.write(bulk("t", [{"id": 1, "n": 1}]))
        await connector.close()
        assert await place.owner.fetchval(f'select n from "{user}".t') == 1
        assert await place.owner.fetchval("select n from public.t") == "one"
