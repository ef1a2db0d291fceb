"""What MySQL alone has: types, collations, several unique indexes."""

from __future__ import annotations

import pytest

from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.bulks import bulk
from tests.support.mariadb import (
    MysqlDatabase,
)

SQL, PROCEDURE = ExtractionMode.SQL, ExtractionMode.PROCEDURE
WHOLE = Extraction(id_column="id", table="t")


ROUGH = ("decimal(30,10)", "float", "double")
VALUES = [
    ("bigint unsigned", "18446744073709551615", 18446744073709551615),
    ("int(5) zerofill", "7", 7),
    ("tinyint(1)", "1", 1),
    ("year", "2026", 2026),
    ("decimal(30,10)", "12345678901234567890.1", "12345678901234567890.1000000000"),
    ("float", "19.99", "19.99"),
    ("float", "123456.789", "123456.79"),
    ("double", "0.1", "0.1"),
    ("bit(9)", "300", 300),
    ("binary(4)", "'ab'", "YWIAAA=="),
    ("blob", "x'00ff'", "AP8="),
    ("date", "'2026-01-31'", "2026-01-31"),
    ("date", "'0000-00-00'", None),
    ("date", "'2026-00-00'", "2026-00-00"),
    ("datetime", "'0000-00-00'", None),
    ("datetime(3)", "'2026-01-31 10:00:00.25'", "2026-01-31T10:00:00.250"),
    ("timestamp", "'2026-01-31 10:00:00'", "2026-01-31T10:00:00Z"),
    ("time", "'-838:59:59'", "-838:59:59"),
    ("char(5)", "'ab '", "ab"),
    ("enum('x','y')", "'y'", "y"),
    ("set('x','y')", "'y,x'", "x,y"),
    ("varchar(9) character set latin1", "'ä'", "ä"),
    ("json", """'{"a": 1}'""", '{"a": 1}'),
]


async def test_values_arrive_exact_and_are_written_back_the_same(mysql: MysqlDatabase) -> None:
    columns = ", ".join(f"c{n} {kind} null" for n, (kind, _, _) in enumerate(VALUES))
    await mysql.run("set sql_mode = ''")
    await mysql.run(f"create table t (id int primary key, {columns})")
    await mysql.run("create table u like t")
    await mysql.run(f"insert into t values (1, {', '.join(literal for _, literal, _ in VALUES)})")

    [record] = await mysql.records(WHOLE)
    types = {c.name: c.type for c in await mysql.connector.describe(WHOLE) or []}

    assert [types[f"c{n}"] for n in (0, 4, 5, 11, 14, 16, 18)] == [
        "int", "decimal", "float", "date", "datetime", "timestamp", "text",
    ]  # fmt: skip
    for n, (kind, _, value) in enumerate(VALUES):
        got = record[f"c{n}"]
        assert (str(got) if kind in ROUGH else got) == value, kind
    record["c13"] = None  # a date without a month is refused, see below
    assert (await mysql.connector.write(bulk("u", [record]))).failures == {}
    await mysql.run("update t set c13 = null, c12 = null, c14 = null")
    assert await mysql.run("select * from u") == await mysql.run("select * from t")
    again = await mysql.connector.write(bulk("u", [{"id": 2, "c13": "2026-00-00"}]))
    assert again.failures[0].code == "value_refused"


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("varchar(3)", "four", "value_refused"),
        ("tinyint unsigned", -1, "value_refused"),
        ("int", "1.5", "value_refused"),
        ("int", "seven", "value_refused"),
        ("int not null", None, "constraint_violated"),
        ("date", "31.01.2026", "value_refused"),
        ("date", "2026-02-30", "value_refused"),
        ("enum('x')", "y", "value_refused"),
        ("varchar(9) character set latin1", "🙂", "value_refused"),
        ("blob", "no base64", "value_refused"),
    ],
)
async def test_what_a_column_cannot_hold_fails_its_record_alone(
    mysql: MysqlDatabase, kind: str, value: object, code: str
) -> None:
    await mysql.run(f"create table t (id int primary key, c {kind})")

    sound = {"id": 1, "c": 1 if "int" in kind else "2026-01-31"}
    if "enum" in kind or "blob" in kind or "char" in kind:
        sound["c"] = "x" if "enum" in kind else "AQID" if "blob" in kind else "abc"
    result = await mysql.connector.write(bulk("t", [sound, {"id": 2, "c": value}]))

    assert {n: (f.code, f.field) for n, f in result.failures.items()} == {1: (code, "c")}
    assert await mysql.run("select id from t") == [(1,)]


async def test_times_are_written_in_utc_and_zero_is_a_number(mysql: MysqlDatabase) -> None:
    await mysql.run(
        "create table t (id int auto_increment primary key, d datetime(6), s timestamp null)"
    )
    given = "2026-07-01T02:00:00.5+02:00"

    result = await mysql.connector.write(bulk("t", [{"id": 0, "d": given, "s": given}]))

    assert result.failures == {}
    rows = await mysql.run("select id, cast(d as char), cast(s as char) from t")
    assert rows == [(0, "2026-07-01 00:00:00.500000", "2026-07-01 00:00:00")]


class TestCollation:
    async def test_records_of_a_bulk_whose_keys_are_one_are_told_of(
        self, mysql: MysqlDatabase
    ) -> None:
        await mysql.run("create table t (sku varchar(20) primary key, n int)")
        names = ["ZD", "zd", "Ä", "a", "x ", "x", "ok"]

        result = await mysql.connector.write(
            bulk("t", [{"sku": name, "n": n} for n, name in enumerate(names)], "sku")
        )

        assert {n: f.code for n, f in result.failures.items()} == dict.fromkeys(
            (1, 3, 5), "duplicate_key"
        )
        assert await mysql.run("select count(*) from t") == [(4,)]

    async def test_a_row_in_another_spelling_is_named_by_it_and_respelled(
        self, mysql: MysqlDatabase
    ) -> None:
        await mysql.run("create table t (sku varchar(20) primary key, n int)")
        first = await mysql.connector.write(bulk("t", [{"sku": "ZD", "n": 1}], "sku"))

        other = await mysql.connector.write(bulk("t", [{"sku": "zd", "n": 2}], "sku"))

        assert first.target_ids == other.target_ids == ["ZD"]
        assert await mysql.run("select sku, n from t") == [("zd", 2)]
        again = bulk("t", [{"sku": "ZD", "n": 3}], "sku", target_ids=first.target_ids)
        assert (await mysql.connector.write(again)).failures == {}
        assert await mysql.run("select sku, n from t") == [("ZD", 3)]

    @pytest.mark.parametrize("collation", ["utf8mb4_bin", "utf8mb4_lithuanian_ci", "latin1_bin"])
    async def test_each_collation_says_what_is_one(
        self, mysql: MysqlDatabase, collation: str
    ) -> None:
        charset = collation.partition("_")[0]
        await mysql.run(
            f"create table t (sku varchar(9) character set {charset} collate {collation} "
            "primary key, n int)"
        )
        batch = bulk("t", [{"sku": s, "n": n} for n, s in enumerate(("i", "y", "I"))], "sku")

        failed = set((await mysql.connector.write(batch)).failures)

        assert failed == (set() if collation.endswith("_bin") else {1, 2})
        assert await mysql.run("select count(*) from t") == [(3 - len(failed),)]

    async def test_ascii_keys_are_one_just_where_the_server_says_so(
        self, mysql: MysqlDatabase
    ) -> None:
        """What is decided without asking the server."""
        signs = [chr(n) for n in range(33, 127)]
        for name in ("utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci",
                     "utf8mb4_uca1400_ai_ci", "utf8mb4_uca1400_as_cs"):  # fmt: skip
            rows = ", ".join(f"('{s.replace(chr(92), chr(92) * 2).replace(chr(39), chr(39) * 2)}')"
                             for s in signs)  # fmt: skip
            await mysql.run("drop table if exists s")
            await mysql.run(f"create table s (c char(1) character set utf8mb4 collate {name})")
            await mysql.run(f"insert into s values {rows}")
            groups = await mysql.run("select group_concat(c separator '') from s group by c")
            assert {len({*group.lower()}) for (group,) in groups} == {1}, name
            count = len({s.lower() for s in signs}) if name.endswith("ci") else len(signs)
            assert len(groups) == count


class TestUniqueIndexes:
    MADE = "create table t (sku varchar(9) primary key, ean varchar(9) unique, n int)"

    async def test_a_record_never_changes_the_row_of_another_key(
        self, mysql: MysqlDatabase
    ) -> None:
        await mysql.run(self.MADE)
        await mysql.run("insert into t values ('A', '1', 1)")
        made = [{"sku": "B", "ean": "1", "n": 2}, {"sku": "A", "ean": "3", "n": 3}]

        first = await mysql.connector.write(bulk("t", made[:1], "sku"))
        both = await mysql.connector.write(bulk("t", made, "sku"))

        assert {n: f.code for n, f in first.failures.items()} == {0: "constraint_violated"}
        assert both.failures == {}  # the second one set it free
        rows = await mysql.run("select * from t order by sku")
        assert rows == [("A", "3", 3), ("B", "1", 2)]

    async def test_a_record_that_is_refused_keeps_no_row_locked(self, mysql: MysqlDatabase) -> None:
        await mysql.run(self.MADE.replace("n int", "n int check (n < 900)"))
        await mysql.run("insert into t values ('A', '1', 1)")

        refused = await mysql.connector.write(
            bulk("t", [{"sku": "A", "ean": "1", "n": 950}], "sku")
        )

        assert refused.failures[0].code == "constraint_violated"
        await mysql.run("set innodb_lock_wait_timeout = 1")
        await mysql.run("update t set n = 2")

    async def test_a_number_that_the_table_gives_itself_does_no_harm(
        self, mysql: MysqlDatabase
    ) -> None:
        await mysql.run("create table t (id int auto_increment primary key, sku varchar(9) unique)")
        batch = bulk("t", [{"sku": f"K{n}"} for n in range(9)], "sku")
        before = await statements(mysql)

        assert (await mysql.connector.write(batch)).failures == {}
        assert (await mysql.connector.write(batch)).failures == {}

        assert await mysql.run("select count(*) from t") == [(9,)]
        assert await statements(mysql) - before < 16


async def statements(mysql: MysqlDatabase) -> int:
    [(_, count)] = await mysql.run("show global status like 'Questions'")
    return int(count)
