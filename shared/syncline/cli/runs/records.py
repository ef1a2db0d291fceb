"""`syncline records`: one record over all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from syncline.cli.program.app import FAILED, Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, table
from syncline.cli.program.texts import moment, short_id
from syncline.cli.runs.runs import LIMIT, run_id_of
from syncline.postgres.runs.record_history import RecordHistory, RecordInRun, read_record_history
from syncline.runtime.clock import SystemClock

if TYPE_CHECKING:
    from syncline.actions.passports.steps import Passport

commands = Commands("Find a record over all runs.")
_SOURCE_ID = typer.Argument(metavar="SOURCE_ID", help="The record's ID in its source.")
_RUN = typer.Option(
    "--run", metavar="CORRELATION_ID", help="In this run; else in the newest that has the record."
)
_OUTCOMES = {"success": "green", "failed": "red", "in_flight": "cyan"}
_WRITTEN = (
    Column("instance"),
    Column("entity type"),
    Column("target ID"),
    Column("written", rank=1),
    Column("by run", rank=2),
)
_RUNS = (
    Column("correlation ID"),
    Column("instance", rank=2, cut=True),
    Column("entity type", rank=3),
    Column("begun", rank=5),
    Column("outcome", styles=_OUTCOMES),
    Column("dead letter", rank=1),
    Column("error", rank=4, cut=True),
)


@commands.add("find")
def find(
    shell: Shell, source_id: Annotated[str, _SOURCE_ID], limit: Annotated[int, LIMIT] = 25
) -> None:
    """Show what became of a record in its newest runs, and what its targets have of it.

    Exit code 1 when no run knows it.
    """
    found = shell.ask(
        lambda database: read_record_history(database, shell.tenant, source_id, limit + 1)
    )
    more = len(found.runs) > limit
    found = msgspec.structs.replace(found, runs=found.runs[:limit])
    if not found.runs and not found.written and not shell.json:
        shell.note(f"no run knows a record {source_id!r}; IDs are compared exactly")
        raise typer.Exit(FAILED)
    shell.show(found, *_lines(shell, found))
    if more:
        shell.note("it was in older runs too: --limit shows more")
    if not found.runs and not found.written:
        raise typer.Exit(FAILED)


@commands.add("passport")
def passport(
    shell: Shell, source_id: Annotated[str, _SOURCE_ID], run: Annotated[str | None, _RUN] = None
) -> None:
    """Show what each stage of a run took and gave of a record, its attempts, and its target ID.

    Payloads are read back from the stage topics, which keep them for some days.
    """
    from syncline.actions.passports.passport import Passports  # noqa: PLC0415 - needs Kafka's client
    from syncline.cli.runs.passport_text import lines_of  # noqa: PLC0415
    from syncline.postgres.configuration.profiles import Configuration  # noqa: PLC0415

    run_id = None if run is None else run_id_of(run)

    async def read() -> Passport:
        async with shell.database() as database:
            configuration = Configuration(database, shell.settings.keyring())
            passports = Passports(database, shell.settings.kafka(), configuration)
            return await passports.of(shell.tenant, source_id, run_id, SystemClock().now())

    found = shell.run(read())
    shell.show(found, *lines_of(found))


def _lines(shell: Shell, found: RecordHistory) -> list[object]:
    written = [
        [w.instance, w.entity_type, w.target_id, moment(w.written_at), w.correlation_id]
        for w in found.written
    ]
    lines: list[object] = []
    if written:
        lines += ["Written at the target", *table(_WRITTEN, written, shell.out.width), ""]
    rows = [_row(run) for run in found.runs]
    lines += ["Runs, newest first", *table(_RUNS, rows, shell.out.width)]
    lines += [line for run in found.runs for line in _attempts(run)]
    newest = found.runs[0].dead_letter if found.runs else None
    if newest:
        lines += ["", f"why it failed: {own_name()} dlq show {short_id(newest)}"]
    return lines


def _row(run: RecordInRun) -> list[object]:
    return [
        run.correlation_id,
        run.instance,
        run.entity_type,
        moment(run.created_at),
        run.outcome,
        short_id(run.dead_letter) if run.dead_letter else None,
        run.error,
    ]


def _attempts(run: RecordInRun) -> list[str]:
    return [
        f"  {run.correlation_id}: attempt {a.number} in {a.stage} at {moment(a.at)}: {a.message}"
        for a in run.attempts
    ]
