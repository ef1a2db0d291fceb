"""`syncline records`: one record over all runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from syncline.cli.program.app import FAILED, OK, Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, table
from syncline.cli.program.texts import moment, short_id
from syncline.cli.runs.runs import Limit, run_id_of
from syncline.postgres.database.database import Database
from syncline.postgres.runs.record_history import RecordHistory, RecordInRun, read_record_history
from syncline.runtime.clock import SystemClock

if TYPE_CHECKING:
    from syncline.actions.passports.steps import Passport, PassportPayload, PassportStep

commands = Commands("Find a record over all runs.")
_SOURCE_ID = typer.Argument(metavar="SOURCE_ID", help="The record's ID in its source.")
_RUN = typer.Option(
    "--run", metavar="CORRELATION_ID", help="In this run; else in the newest that has the record."
)
_OUTCOMES = {"success": "green", "failed": "red", "in_flight": "cyan"}
_MISSING = {
    "absent": "did not come so far",
    "not_found": "not found in the time one look may take: call again",
    "unavailable": "Kafka does not answer",
    "erased": "erased",
}
_WRITTEN = (
    Column("instance"),
    Column("entity type"),
    Column("target ID"),
    Column("written", "written_at", rank=1),
    Column("by run", "correlation_id", rank=2),
)
_RUNS = (
    Column("correlation ID"),
    Column("instance", rank=2, cut=True),
    Column("entity type", rank=3),
    Column("begun", "created_at", rank=5),
    Column("outcome", styles=_OUTCOMES),
    Column("dead letter", lambda run: short_id(run.dead_letter or ""), rank=1),
    Column("error", rank=4, cut=True),
)


@commands.add("find")
def find(shell: Shell, source_id: Annotated[str, _SOURCE_ID], limit: Limit = 25) -> int:
    """Show what became of a record in its newest runs, and what its targets have of it.

    Exit code 1 when no run knows it.
    """
    found = shell.ask(
        lambda database: read_record_history(database, shell.tenant, source_id, limit + 1)
    )
    more = len(found.runs) > limit
    found = msgspec.structs.replace(found, runs=found.runs[:limit])
    is_known = bool(found.runs or found.written)
    if not is_known and not shell.json:
        shell.note(f"no run knows a record {source_id!r}; IDs are compared exactly")
        return FAILED
    shell.show(found, *_lines(shell, found))
    if more:
        shell.note("it was in older runs too: --limit shows more")
    return OK if is_known else FAILED


@commands.add("passport")
def passport(
    shell: Shell, source_id: Annotated[str, _SOURCE_ID], run: Annotated[str | None, _RUN] = None
) -> None:
    """Show what each stage of a run took and gave of a record, its attempts, and its target ID.

    Payloads are read back from the stage topics, which keep them for some days.
    """
    from syncline.actions.passports.passport import Passports  # noqa: PLC0415 - needs Kafka's client
    from syncline.postgres.configuration.profiles import Configuration  # noqa: PLC0415

    run_id = None if run is None else run_id_of(run)

    async def read(database: Database) -> Passport:
        configuration = Configuration(database, shell.settings.keyring())
        passports = Passports(database, shell.settings.kafka(), configuration)
        return await passports.of(shell.tenant, source_id, run_id, SystemClock().now(), shell.actor)

    found = shell.ask(read)
    shell.show(found, *_passport_lines(found))


def _lines(shell: Shell, found: RecordHistory) -> list[object]:
    lines: list[object] = []
    if found.written:
        lines += ["Written at the target", *table(_WRITTEN, found.written, shell.out.width), ""]
    lines += ["Runs, newest first", *table(_RUNS, found.runs, shell.out.width)]
    lines += [line for run in found.runs for line in _attempts(run)]
    newest = found.runs[0].dead_letter if found.runs else None
    if newest:
        lines += ["", f"why it failed: {own_name()} dlq show {short_id(newest)}"]
    return lines


def _attempts(run: RecordInRun) -> list[str]:
    return [
        f"  {run.correlation_id}: attempt {a.number} in {a.stage} at {moment(a.at)}: {a.message}"
        for a in run.attempts
    ]


def _passport_lines(found: Passport) -> Iterator[str]:
    place = found.place
    yield f"{place.source_id} in {place.instance} {place.entity_type}: {place.outcome}"
    yield f"run {place.correlation_id}, mapping version {place.mapping_version}"
    if place.target_id:
        yield f"target ID {place.target_id}, last written {moment(place.written_at)}"
    payloads = {payload.kind: payload for payload in found.payloads}
    for step in found.steps:
        yield ""
        yield from _step(step, payloads.get(step.output or ""))
    if place.dead_letter:
        yield f"\nwhy it failed: {own_name()} dlq show {short_id(place.dead_letter)}"


def _step(step: PassportStep, output: PassportPayload | None) -> Iterator[str]:
    yield f"{step.stage}: {step.reason or step.result}".replace("_", " ")
    for attempt in step.attempts:
        yield f"  attempt {attempt.number} at {moment(attempt.at)}: {attempt.message}"
    for change in step.changes:
        if change.error:
            yield f"  {change.source} {change.before} -> {change.target}: {change.error}"
        elif change.changed:
            yield f"  {change.source or 'fixed'} {change.before} -> {change.target} {change.after}"
    if output is not None:
        gone = f"gone: it was kept for {output.kept_days} days"
        yield f"  {output.kind}: {output.text or _MISSING.get(output.state, gone)}"
