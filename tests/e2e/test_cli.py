"""The command line as its users meet it: real processes on a whole installation."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from textwrap import dedent
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.postgres.database.database import Database, open_database
from tests.support.commands import CommandLine, Said
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.ports import free_port

RUN = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
PROFILE = """
kind: Profile
name: {name}
connector: postgresql
config: {{host: {host}, port: {port}, database: {database}, user: {user}}}
secrets: {{password: {{fromEnv: THE_PASSWORD}}}}
---"""
REST = """
kind: Mapping
name: items
entityType: item
extraction: {mode: config, table: source_items, idColumn: code, cursorColumn: changed}
normalization:
  fields:
  - {source: code, target: sku, required: true}
  - {source: price, target: price, type: decimal}
  - {source: active, target: active, type: bool, transform: sapYesNo}
transformation:
  matchKey: code
  target: {table: target_items}
  fields:
  - {source: sku, target: code}
  - {source: price, target: price}
  - {source: active, target: active}
---
kind: Instance
name: erp-shop
source: erp
target: shop
mappings: [items]
---
kind: Instance
name: sleeping
source: erp
target: shop
mappings: [items]
enabled: false
"""


@pytest.fixture(scope="module")
async def place(module_place: Installation) -> Installation:
    return module_place


@pytest.fixture(scope="module")
async def db(place: Installation) -> AsyncIterator[Database]:
    async with open_database(place.dsn) as database:
        await database.execute(
            """create table source_items as select 'A' || n as code, 1.10 * n as price,
            'Y' as active, timestamp '2026-01-01' + n * interval '1 minute' as changed
            from generate_series(1, 20) n"""
        )
        await database.execute(
            """create table target_items (code text primary key, price numeric
            check (price > 0), active bool)"""
        )
        yield database


@pytest.fixture(scope="module")
async def cli(
    place: Installation, db: Database, tmp_path_factory: pytest.TempPathFactory
) -> CommandLine:
    """The command line, with an instance `erp-shop` applied from files."""
    folder, url = tmp_path_factory.mktemp("work"), urlsplit(place.dsn)
    address = {
        "host": url.hostname, "port": url.port, "database": url.path[1:], "user": url.username,
    }  # fmt: skip
    profiles = [PROFILE.format(name=name, **address) for name in ("erp", "shop")]
    (folder / "all.yaml").write_text("".join(profiles) + REST)
    cli = CommandLine(folder, place.environment | {"THE_PASSWORD": url.password or "none"})
    first = await cli("apply", "-f", "all.yaml")
    assert (first.code, first.out) == (
        0,
        dedent("""\
        + Profile  erp
        + Profile  shop
        + Mapping  items
        + Instance erp-shop
        + Instance sleeping
        5 created, 0 changed, 0 unchanged
        """),
    )
    return cli


@pytest.fixture(scope="module")
async def run(cli: CommandLine, db: Database) -> Said:
    """A run of all items: the target refuses A3 and A4, Normalize cannot read A5."""
    await db.execute("update source_items set price = -1.50 where code in ('A3', 'A4')")
    await db.execute("update source_items set active = '?' where code = 'A5'")
    return await cli("trigger", "erp-shop", "Item", "--json", "--correlation-id", RUN)


@pytest.fixture
async def nothing_waits(cli: CommandLine) -> None:
    """Discard what other tests left in the DLQ."""
    await cli("dlq", "discard", "--all", "-y")


async def test_configuration_goes_in_and_comes_out_again(cli: CommandLine) -> None:
    same = await cli("diff", "-f", "all.yaml")
    assert (same.code, same.out) == (0, "no difference in 5 documents\n")

    exported = await cli("export", "-o", "out.yaml")
    assert exported.out == "5 documents written to out.yaml\n"
    text = (cli.folder / "out.yaml").read_text()
    assert "fromEnv: THE_PASSWORD" in text
    again = await cli("apply", "-f", "out.yaml", "--json")
    assert {step["action"] for step in again.document["documents"]} == {"unchanged"}

    (cli.folder / "changed.yaml").write_text(text.replace("enabled: false", "enabled: true"))
    changed = await cli("diff", "-f", "changed.yaml")
    assert (changed.code, changed.out) == (
        10,
        "~ Instance sleeping\n    enabled: false -> true\n0 created, 1 changed, 4 unchanged\n",
    )

    (cli.folder / "doubtful.yaml").write_text(text.replace("sapYesNo", "toBool"))
    doubted = await cli("diff", "-f", "doubtful.yaml")
    assert (doubted.code, "warning: doubtful.yaml:" in doubted.err) == (10, True)
    told = (await cli("diff", "-f", "doubtful.yaml", "--json")).document["warnings"]
    assert "`toBool` makes" in told[0]["message"]

    wrong = text.replace("sapYesNo", "sapYesNoo").replace("target: shop", "target: shp")
    (cli.folder / "wrong.yaml").write_text(wrong)
    refused = await cli("apply", "-f", "wrong.yaml")
    assert refused.code == 2
    assert "error: nothing was changed: " in refused.err
    assert "sapYesNoo" in refused.err
    assert (await cli("diff", "-f", "all.yaml")).code == 0


async def test_a_run_and_what_failed_in_it(cli: CommandLine, run: Said) -> None:
    assert run.code == 3, run.err
    assert (run.document["state"], run.document["total"]) == ("partial_success", 20)
    assert (run.document["success"], run.document["failed"]) == (17, 3)

    listed = await cli("runs", "list")
    assert listed.out.splitlines()[1].startswith(f"{RUN}  erp-shop  item         Partial Success")
    shown = await cli("runs", "show", RUN)
    assert "records            total 20  success 17  skipped 0  failed 3\n" in shown.out
    assert "cursor after       2026-01-01 00:20:00\n" in shown.out

    groups = (await cli("dlq", "groups", "--json")).document
    assert [group["count"] for group in groups] == [2, 1]
    letters = await _letters(cli, "--run", RUN)
    assert {letter["sourceId"] for letter in letters} == {"A3", "A4", "A5"}
    entry = await cli("dlq", "show", letters[0]["id"][:8])
    assert "status           Pending\n" in entry.out


async def test_a_replay_with_an_edit(cli: CommandLine, db: Database, run: Said) -> None:
    (letter,) = await _letters(cli, "--source-id", "A3")
    (cli.folder / "edit.json").write_text('{"code": "A3", "price": 3.30, "active": true}')
    edit = ("--edit", "edit.json", "--reason", "the right price")
    replayed = await cli("dlq", "replay", letter["id"], *edit, "--json")
    assert replayed.code == 0, replayed.err
    assert [e["result"] for e in replayed.document["entries"]] == ["success"]
    assert str(await db.fetchval("select price from target_items where code = 'A3'")) == "3.30"
    kept = (await cli("dlq", "show", letter["id"], "--json")).document["edit"]
    assert kept["reason"] == "the right price"
    assert kept["patch"] == [{"op": "replace", "path": "/price", "value": 3.3}]

    twice = await cli("dlq", "replay", letter["id"])
    assert twice.code == 1
    assert "refused: it is not Pending but Replayed" in twice.out


@pytest.mark.usefixtures("nothing_waits")
async def test_replays_under_the_mapping_and_from_the_source(
    cli: CommandLine, db: Database
) -> None:
    await db.execute("update source_items set price = -1.50 where code = 'A11'")
    await db.execute("update source_items set active = '?' where code = 'A12'")
    await cli("trigger", "erp-shop", "item", "--source-ids", "A11,A12")
    (letter,) = await _letters(cli, "--source-id", "A11")
    failed = await cli("dlq", "replay", letter["id"])
    assert (failed.code, "failed" in failed.out) == (1, True)
    again = await _letters(cli, "--source-id", "A11")
    assert [(a["replayOf"], a["retries"]) for a in again] == [(letter["id"], 1)]

    await db.execute("update source_items set price = 4.40 where code = 'A11'")
    await db.execute("update source_items set active = 'N' where code = 'A12'")
    asked = await cli("dlq", "replay", "--all", "--from", "ingest")
    assert (asked.code, asked.out) == (1, "")
    assert "replay 2 entries: nobody can be asked here\n  add --yes" in asked.err
    every = await cli("dlq", "replay", "--all", "--yes", "--from", "ingest", "--json")
    assert [e["result"] for e in every.document["entries"]] == ["success", "success"], every
    assert (await cli("dlq", "list")).err == "nothing waits\n"

    found = (await cli("records", "find", "A11", "--json")).document
    assert [run["outcome"] for run in found["runs"]][:3] == ["success", "failed", "failed"]
    assert [written["instance"] for written in found["written"]] == ["erp-shop"]


async def test_triggers_and_replays_are_audited_once(cli: CommandLine, db: Database) -> None:
    before = await db.fetchval("select coalesce(max(id), 0) from audit_log")
    (letter,) = await _failing(cli, db, "A6")
    assert (await cli("dlq", "replay", letter, "--from", "ingest")).code == 0
    actions = await db.fetch("select action from audit_log where id > $1 order by id", before)
    # The trigger of the test, the replay, and the run that replays.
    assert sorted(a["action"] for a in actions) == [
        "dlq.replayed",
        "run.triggered",
        "run.triggered",
    ]


@pytest.mark.usefixtures("nothing_waits")
async def test_discarding_and_restoring(cli: CommandLine, db: Database) -> None:
    one, two = await _failing(cli, db, "A7", "A8")
    first = await cli("dlq", "discard", one, two, "--reason", "test data", "--json")
    assert (first.code, [r["result"] for r in first.document]) == (0, ["discarded"] * 2)
    again = await cli("dlq", "discard", one)
    assert (again.code, "it is not Pending but Discarded" in again.out) == (1, True)
    assert "reason           test data\n" in (await cli("dlq", "show", one)).out
    assert (await cli("dlq", "restore", one, two)).code == 0
    assert (await cli("dlq", "restore", one)).code == 1
    assert {letter["id"] for letter in await _letters(cli)} == {one, two}
    assert (await cli("dlq", "discard", "--all", "-y")).code == 0


@pytest.mark.usefixtures("nothing_waits")
async def test_a_group_is_replayed_at_a_rate_and_stops_at_the_first_repeat(
    cli: CommandLine, db: Database
) -> None:
    await _failing(cli, db, "A9", "A10")
    (group,) = (await cli("dlq", "groups", "--json")).document
    assert (group["count"], group["replayable"], group["hindrances"]) == (2, 2, [])
    given = ("--group", group["group"], "--rate", "50", "-y")
    ended = await cli("dlq", "replay", *given, "--json")
    operation = ended.document["operation"]
    assert (ended.code, operation["state"]) == (1, "aborted"), ended.err
    assert operation["results"] == {"failed": 1, "not_started": 1}
    assert "the same error came again" in operation["stopped"]
    assert [i["result"] for i in ended.document["items"]] == ["failed", "not_started"]
    listed = await cli("dlq", "operations")
    assert operation["id"] in listed.out
    assert (await cli("dlq", "abort", operation["id"])).code == 1
    wrong = await cli("dlq", "replay", "--all", "--rate", "0", "--stop-after", "0")
    assert (wrong.code, "--rate" in wrong.err, "--stop-after" in wrong.err) == (2, True, True)
    assert (await cli("dlq", "discard", "--all", "-y")).code == 0


@pytest.mark.usefixtures("run")
async def test_cursors(cli: CommandLine) -> None:
    stream = ("erp-shop", "item")
    before = (await cli("cursors", "list", "--instance", "erp-shop", "--json")).document
    at = await cli("cursors", "set", *stream, "2026-01-01 00:19:00", "--reason", "read two again")
    version = before[0]["version"] + 1
    assert at.out == (
        f"the cursor of erp-shop item stands at 2026-01-01 00:19:00 (version {version})\n"
    )
    run = await cli("trigger", *stream, "--json")
    assert (run.document["cursorBefore"], run.code) == ("2026-01-01 00:19:00", 0)
    cleared = await cli("cursors", "reset", *stream, "--reason", "all again")
    assert "is cleared: the next run reads everything" in cleared.out
    past = (await cli("cursors", "history", *stream, "--json")).document
    assert [(c["value"], c["reason"]) for c in past[:3:2]] == [
        (None, "all again"), ("2026-01-01 00:19:00", "read two again"),
    ]  # fmt: skip
    wrong = await cli("cursors", "set", *stream, "soon", "--reason", "x")
    assert (wrong.code, wrong.err) == (
        2, "error: VALUE: must be a time such as 2026-01-31T08:15:00, not 'soon'\n",
    )  # fmt: skip
    back = await cli("cursors", "roll-back", *stream, str(version), "--reason", "too much")
    assert back.out.startswith("the cursor of erp-shop item stands at 2026-01-01 00:19:00")
    assert (await cli("cursors", "roll-back", *stream, "99", "--reason", "x")).code == 2


async def test_a_run_goes_on_without_its_watcher_and_can_be_cancelled(
    cli: CommandLine, place: Installation
) -> None:
    async with place.without("normalize"):
        watching = await cli.start("trigger", "erp-shop", "item", "--mode", "force_full")
        run_id = await eventually(lambda: _active(cli), within=20)
        await eventually(lambda: watching.noted("erp-shop item"), within=20)
        watching.process.send_signal(signal.SIGINT)
        left = await watching.said()
        assert left.code == 130
        assert f"detached; the run goes on: {run_id}\n" in left.err
        assert f"syncline.cli runs cancel {run_id}\n" in left.err

        second = await cli("trigger", "erp-shop", "item")
        assert second.code == 1
        assert (
            f"error: refused: run {run_id} of this instance and entity type is active\n"
            in second.err
        )

        cancelled = await cli("runs", "cancel", run_id)
        assert cancelled.code == 0
        assert cancelled.out.startswith("erp-shop item will be cancelled; ")
    ended = await cli("runs", "watch", run_id)
    assert ended.code == 1
    assert "reason: cancelled by " in ended.out
    late = await cli("runs", "cancel", run_id)
    assert (late.code, late.err) == (1, f"error: run {run_id} has ended already: Cancelled\n")


async def test_the_audit_tells_where_a_record_without_an_outcome_is(
    cli: CommandLine, place: Installation
) -> None:
    async with place.without("normalize"):
        watching = await cli.start("trigger", "erp-shop", "item", "--source-ids", "A1,A2")
        run_id = await eventually(lambda: _active(cli), within=20)
        await eventually(lambda: watching.noted("total 2"), within=20)
        audited = await cli("audit", run_id, "--records", "1")
        assert audited.code == 0, audited
        one, two = audited.out.splitlines()[-2:]
        assert one.startswith("  A1: in normalize; last seen in raw, partition "), audited
        assert two == "  A2: in batch 0, not looked up"
    assert (await watching.said()).code == 0
    for which in (run_id, "--all"):
        audited = await cli("audit", which)
        assert (audited.code, "FAIL" in audited.out, "ok  " in audited.out) == (0, False, True)
    assert (await cli("audit")).code == (await cli("audit", run_id, "--all")).code == 2


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("trigger erp-shp item", 2, "error: refused: unknown instance 'erp-shp'"),
        ("trigger erp-shop order", 2,
         "error: refused: instance 'erp-shop' has no entity type 'order'; it has: item"),
        ("trigger sleeping item", 1, "error: refused: instance 'sleeping' is Inactive"),
        ("trigger erp-shop item --tenant other", 2, "error: refused: unknown instance 'erp-shop'"),
        (f"runs show {RUN} --tenant other", 2, f"error: no run {RUN}"),
        ("dlq show abc", 2, "error: abc: is no ID of a dead letter"),
        ("dlq show abcdef01", 2, "error: no dead letter abcdef01"),
        ("cursors reset erp-shop order --reason x", 2,
         "error: instance 'erp-shop' has no entity type 'order'; it has: item"),
        ("records find nobody", 1, "no run knows a record 'nobody'"),
    ],
)  # fmt: skip
async def test_bad_input_is_answered_in_words(
    cli: CommandLine, command: str, code: int, words: str
) -> None:
    answer = await cli(*command.split())
    assert (answer.code, words in answer.err) == (code, True), answer
    assert answer.out == ""


async def test_the_same_id_with_the_same_request_is_the_same_run(cli: CommandLine) -> None:
    same = ("trigger", "erp-shop", "item", "--source-ids", "A1", "--correlation-id")
    run_id = RUN.replace("3d", "4d")
    first = await cli(*same, run_id, "--json")
    second = await cli(*same, run_id, "--json")
    assert (first.err, second.err) == ("", "")
    assert first.document["total"] == second.document["total"] == 1
    other = await cli("trigger", "erp-shop", "item", "--correlation-id", run_id)
    assert (other.code, other.err) == (
        1, f"error: refused: correlation ID {run_id} belongs to another request\n",
    )  # fmt: skip


async def test_the_doctor_finds_everything_well_and_names_what_is_not(
    cli: CommandLine, place: Installation
) -> None:
    lacking = await cli("doctor", "--json")
    assert lacking.code == 1
    gone = {c["name"]: c for c in lacking.document["checks"] if c["level"] == "fail"}
    assert gone.keys() == {f"service {n}" for n in ("gateway", "scheduler", "notifier", "monitor")}
    assert "run gateway" in gone["service gateway"]["hint"]

    place.environment["SYNCLINE_HTTP_PORT"] = str(free_port())
    for service in ("notifier", "monitor", "gateway", "scheduler"):
        await place.start(service)
    await place.ready()
    well = await cli("doctor", "--json")
    assert (well.code, well.document["failed"]) == (0, 0), well
    said = {c["name"]: c["message"] for c in well.document["checks"]}
    assert said.keys() > {"profile erp", "service execute", "audit"}
    assert said["service gateway"] == "1 process, ready"
    assert said["audit"].endswith("promises hold of every run")
    assert said["brokers"] == "1 broker"
    assert said["copies"] == "1 copy of each message, as there is one broker"
    assert said["access control"].startswith("Kafka has no authorizer")
    assert said["standbys"].startswith("no standby is connected")
    assert said["retention"].startswith("7.0 days")
    assert said["clocks"] == "this machine, the broker: as the database's"

    ill = await cli(
        "doctor", SYNCLINE_KAFKA_BOOTSTRAP=f"127.0.0.1:{free_port()}", SYNCLINE_KAFKA_PARTITONS="2"
    )
    assert ill.code == 1
    assert "warn  settings               nothing reads SYNCLINE_KAFKA_PARTITONS" in ill.out
    assert "FAIL  Kafka                  Kafka is not available" in ill.out


@pytest.mark.usefixtures("run")
async def test_tailing_a_topic(cli: CommandLine) -> None:
    tail = await cli("topics", "tail", "triggers", "--from-beginning", "--limit", "1", "--json")
    assert json.loads(tail.out)["value"]["data"]["instance"]


@pytest.mark.parametrize(
    ("command", "variable", "value", "words"),
    [
        (["trigger", "a", "item"], "SYNCLINE_KAFKA_BOOTSTRAP", "127.0.0.1:{port}",
         ["error: Kafka is not available", "is Kafka running at 127.0.0.1:{port}?"]),
        (["topics", "list"], "SYNCLINE_KAFKA_BOOTSTRAP", "127.0.0.1:{port}",
         ["error: Kafka is not available", "is Kafka running at 127.0.0.1:{port}?"]),
        (["runs", "list"], "SYNCLINE_POSTGRES_DSN", "postgresql://u:secret@127.0.0.1:{port}/x",
         ["error: PostgreSQL did not answer", "is PostgreSQL running at 127.0.0.1:{port}/x?"]),
        (["migrate"], "SYNCLINE_POSTGRES_DSN", "postgresql://u:secret@127.0.0.1:{port}/x",
         ["error: PostgreSQL did not answer", "is PostgreSQL running at 127.0.0.1:{port}/x?"]),
    ],
)  # fmt: skip
async def test_a_server_that_is_away_is_one_clear_answer(
    cli: CommandLine, command: list[str], variable: str, value: str, words: list[str]
) -> None:
    port = free_port()
    answer = await cli(*command, **{variable: value.format(port=port)})
    assert answer.code == 1
    assert all(word.format(port=port) in answer.err for word in words), answer.err
    assert "secret" not in answer.err


async def _failing(cli: CommandLine, db: Database, *source_ids: str) -> list[str]:
    """Let records fail, put their source right again, and return their dead letters' IDs."""
    change = "update source_items set active = $2 where code = any($1)"
    await db.execute(change, list(source_ids), "?")
    run = await cli("trigger", "erp-shop", "item", "--source-ids", ",".join(source_ids), "--json")
    assert run.code == 1
    await db.execute(change, list(source_ids), "Y")
    letters = await _letters(cli, "--run", run.document["correlationId"])
    return [letter["id"] for letter in letters]


async def _letters(cli: CommandLine, *options: str) -> list[dict[str, Any]]:
    """Return the entries that wait."""
    found: list[dict[str, Any]] = (await cli("dlq", "list", *options, "--json")).document
    return found


async def _active(cli: CommandLine) -> str | None:
    runs = (await cli("runs", "list", "--active", "--json")).document
    return runs[0]["correlationId"] if runs and runs[0]["state"] == "in_progress" else None


async def test_a_database_without_its_tables_is_named(
    cli: CommandLine, empty_postgres: str
) -> None:
    answer = await cli("runs", "list", SYNCLINE_POSTGRES_DSN=empty_postgres)
    assert answer.code == 1
    assert "run `syncline migrate`" in answer.err
    done = await cli("migrate", SYNCLINE_POSTGRES_DSN=empty_postgres)
    assert done.out.startswith("applied 0001_foundation.sql\n")
    again = await cli("migrate", SYNCLINE_POSTGRES_DSN=empty_postgres)
    assert again.out == "the schema is up to date\n"
