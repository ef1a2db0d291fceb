"""`syncline audit`: do the books of runs add up, and where is each record without an outcome?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.text import Text

from syncline.cli.program.app import FAILED, OK
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.texts import counters, number, plural
from syncline.cli.runs.runs import run_id_of
from syncline.contracts.status import status_of
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from syncline.postgres.runs.auditor import CHECKS, OF_STREAMS, Finding
from syncline.postgres.runs.auditor import audit as audit_books
from syncline.postgres.runs.records import RecordFilter, RunRecord, list_records
from syncline.postgres.runs.runs import Runs
from syncline.runtime.clock import SystemClock

if TYPE_CHECKING:
    from syncline.actions.passports.steps import Passport

MOST = 1000
"""Records whose way may be asked for at once."""
_RUN = typer.Argument(metavar="[CORRELATION_ID]", help="The run to check.", show_default=False)
_ALL = typer.Option("--all", help="Check every run, and the cursors, dead letters and ledger.")
_RECORDS = typer.Option(
    "--records", min=0, max=MOST, help="Look up where at most so many records are."
)


class LastSeen(msgspec.Struct, frozen=True, rename="camel"):
    """A record without an outcome, and the last message that held it.

    Attributes:
        stage: the stage that has it, or that it waits for; None where its way was not looked up.
        topic, partition, offset: of the message; None where none was found.
    """

    source_id: str
    batch: int
    slot: int
    stage: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None


def audit(
    shell: Shell,
    correlation_id: Annotated[str | None, _RUN] = None,
    every: Annotated[bool, _ALL] = False,
    records: Annotated[int, _RECORDS] = 20,
) -> int:
    """Derive counters, states and cursors anew from the outcomes, and compare with what is shown.

    Of a run, also show each record that has no outcome, and where it was seen last. Exit code 1
    when a check does not hold, or when a run has ended and a record has no outcome.
    """
    if every == (correlation_id is not None):
        raise InvalidInputError([Problem("CORRELATION_ID", "name one run, or say --all")])
    if correlation_id is None:
        return _show_all(shell, shell.ask(audit_books))
    run_id = run_id_of(correlation_id)
    run, findings, missing = shell.ask(lambda database: _audit(database, shell.tenant, run_id))
    ways = shell.ask(lambda database: _ways(database, shell, run_id, missing, records))
    document = {
        "correlationId": run.id,
        "state": run.state.value,
        "checks": len(CHECKS) - len(OF_STREAMS),
        "findings": findings,
        "withoutOutcome": run.counters.in_flight,
        "records": ways,
    }
    shell.show(document, *_of_run(run, findings, ways))
    lost = run.state.is_final and bool(missing)
    return FAILED if findings or lost else OK


async def _audit(
    database: Database, tenant: str, run_id: str
) -> tuple[Run, list[Finding], list[RunRecord]]:
    run = await Runs(database).get(tenant, run_id)
    findings = await audit_books(database, run_id)
    missing = await list_records(database, run_id, RecordFilter(outcome="in_flight"), MOST)
    return run, findings, missing


async def _ways(
    database: Database, shell: Shell, run_id: str, missing: Sequence[RunRecord], most: int
) -> list[LastSeen]:
    """Look up where the first `most` of the records are."""
    if not missing or not most:
        return [_last_seen(record, None) for record in missing]
    from syncline.actions.passports.passport import Passports  # noqa: PLC0415 - needs Kafka's client
    from syncline.postgres.configuration.profiles import Configuration  # noqa: PLC0415

    configuration = Configuration(database, shell.settings.keyring())
    passports = Passports(database, shell.settings.kafka(), configuration)
    now = SystemClock().now()
    found = [
        await passports.of(shell.tenant, record.source_id, run_id, now, None)
        for record in missing[:most]
    ]
    rest = [None] * (len(missing) - len(found))
    return list(map(_last_seen, missing, [*found, *rest]))


def _last_seen(record: RunRecord, passport: Passport | None) -> LastSeen:
    position = record.source_id, record.batch, record.slot
    if passport is None:
        return LastSeen(*position)
    stage = next(step.stage for step in reversed(passport.steps) if step.result != "not_reached")
    seen = [payload for payload in passport.payloads if payload.offset is not None]
    if not seen:
        return LastSeen(*position, stage)
    return LastSeen(*position, stage, seen[-1].kind, seen[-1].partition, seen[-1].offset)


def _show_all(shell: Shell, findings: list[Finding]) -> int:
    shell.show({"checks": len(CHECKS), "findings": findings}, *_checks(CHECKS, findings))
    return FAILED if findings else OK


def _of_run(run: Run, findings: list[Finding], missing: list[LastSeen]) -> Iterator[object]:
    yield f"run {run.id}, {run.instance_name} {run.entity_type}: {run.state.label}"
    yield counters(status_of(run))
    yield from _checks([check for check in CHECKS if check not in OF_STREAMS], findings)
    in_flight = run.counters.in_flight
    if not in_flight:
        return
    ended = "the run has ended" if run.state.is_final else "the run goes on"
    yield f"\n{plural(in_flight, 'record')} without an outcome; {ended}"
    for record in missing:
        yield f"  {record.source_id}: {_where(record)}"
    if in_flight > len(missing):
        yield f"  and {number(in_flight - len(missing))} more"


def _where(record: LastSeen) -> str:
    if record.stage is None:
        return f"in batch {record.batch}, not looked up"
    if record.topic is None:
        return f"in {record.stage}; no message was found that holds it"
    message = f"{record.topic}, partition {record.partition}, offset {record.offset}"
    return f"in {record.stage}; last seen in {message}"


def _checks(checks: Iterable[str], findings: list[Finding]) -> Iterator[Text]:
    broken = {finding.check: finding.offenders for finding in findings}
    for check in checks:
        if check not in broken:
            yield Text.assemble(("ok  ", "green"), f"  {check}")
            continue
        yield Text.assemble(("FAIL", "red"), f"  {check}")
        for offender in broken[check]:
            yield Text("        " + ", ".join(f"{k} {v}" for k, v in offender.items()))
    if broken:
        yield Text(
            f"keep the database as it is; `{own_name()} records passport` tells a record's way"
        )
