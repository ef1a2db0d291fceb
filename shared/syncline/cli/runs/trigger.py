"""`syncline trigger`: ask for a run as any program would, over Kafka, and watch it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from uuid6 import uuid7

from syncline.cli.configuration.cursors import note_count
from syncline.cli.program.app import INTERRUPTED, OK
from syncline.cli.program.errors import TriggerRefusedError
from syncline.cli.program.shell import Shell
from syncline.cli.program.texts import status_document
from syncline.cli.runs.run_watcher import (
    Watcher,
    ended_lines,
    exit_code,
    is_refused,
    leave,
)
from syncline.contracts.events import RunStatus
from syncline.contracts.outbound import trigger_message
from syncline.contracts.wire import Outbound
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import JsonObject
from syncline.domain.trigger import parse_correlation_id, parse_trigger
from syncline.runtime.clock import SystemClock

_INSTANCE = typer.Argument(help="Name of the instance.", metavar="INSTANCE", show_default=False)
_ENTITY = typer.Argument(
    help="What to sync, such as `item`; left out: what the instance's order begins with.",
    metavar="[ENTITY_TYPE]",
    show_default=False,
)
_MODE = typer.Option("--mode", metavar="MODE", help="incremental, reset_cursor or force_full.")
_IDS = typer.Option("--source-ids", metavar="A,B,…", help="Only these records; at most 500.")
_MAX = typer.Option("--max-entities", metavar="NUMBER", help="Find at most so many records.")
_BATCH = typer.Option("--batch-size", metavar="NUMBER", help="Records of a batch, 1 to 1000.")
_OVERLAP = typer.Option(
    "--on-overlap", metavar="WHAT", help="While a run is active: reject or queue."
)
_ID = typer.Option("--correlation-id", metavar="UUID", help="The run's ID; by default a new one.")
_NO_WAIT = typer.Option("--no-wait", help="Return when the run is accepted or refused.")
_OPTIONS = {
    "$.instance": "INSTANCE",
    "$.entityType": "ENTITY_TYPE",
    "$.mode": "--mode",
    "$.sourceIds": "--source-ids",
    "$.maxEntities": "--max-entities",
    "$.batchSize": "--batch-size",
    "$.onOverlap": "--on-overlap",
    "$.correlationId": "--correlation-id",
    "$.tenant": "--tenant",
}


def trigger(
    shell: Shell,
    instance: Annotated[str, _INSTANCE],
    entity_type: Annotated[str | None, _ENTITY] = None,
    mode: Annotated[str, _MODE] = "incremental",
    source_ids: Annotated[list[str] | None, _IDS] = None,
    max_entities: Annotated[str | None, _MAX] = None,
    batch_size: Annotated[str, _BATCH] = "100",
    on_overlap: Annotated[str, _OVERLAP] = "reject",
    correlation_id: Annotated[str | None, _ID] = None,
    no_wait: Annotated[bool, _NO_WAIT] = False,
) -> int:
    """Sync an instance now, and watch the run.

    Ctrl-C stops the watching; the run goes on.
    """
    fields = {
        "instance": instance,
        "entityType": entity_type,
        "mode": mode,
        "sourceIds": None if source_ids is None else ",".join(source_ids),
        "maxEntities": _number(max_entities),
        "batchSize": _number(batch_size),
        "onOverlap": on_overlap,
        "tenant": shell.tenant,
        "actor": shell.actor,
        "trigger": "cli",
    }
    run_id = _checked(fields, correlation_id)
    if mode != "incremental" and not source_ids and entity_type and shell.is_interactive:
        note_count(shell, instance, entity_type)
    return _sync(shell, fields, run_id, no_wait=no_wait)


def _sync(shell: Shell, fields: JsonObject, run_id: str, *, no_wait: bool) -> int:
    """Ask for a run, watch it, show how it stands, and return the exit code."""
    given = {name: value for name, value in fields.items() if value is not None}
    message = trigger_message(run_id, given, "cli", SystemClock().now())
    status, code = shell.run(_watched(shell, run_id, message, no_wait=no_wait))
    if code:
        return code
    if status is None:
        shell.show({"correlationId": run_id, "state": "sent"}, f"correlation ID {run_id}")
        return OK
    if is_refused(status):
        problems = [p | {"path": _option(p["path"])} for p in status.problems]
        raise TriggerRefusedError(status.code or "conflict", f"refused: {status.reason}", problems)
    shell.show(status_document(status), *ended_lines(status))
    return exit_code([status])


async def _watched(
    shell: Shell, run_id: str, message: Outbound, *, no_wait: bool
) -> tuple[RunStatus | None, int]:
    code = OK
    async with Watcher(shell) as watcher:
        try:
            await watcher.ask([message], [run_id])
        except asyncio.CancelledError:  # the note and the exit code tell it
            leave(shell, run_id, "interrupted; the run may begin all the same")
            return None, INTERRUPTED
        answer = watcher.statuses.get(run_id)
        if not no_wait and not (answer and is_refused(answer)):
            code = await watcher.until_ended([run_id])
        return watcher.statuses.get(run_id), code


def _checked(fields: JsonObject, correlation_id: str | None) -> str:
    """Return the correlation ID; every mistake is named by the option it stands in."""
    problems: list[Problem] = []
    run_id = str(uuid7())
    try:
        parse_trigger(fields)
    except InvalidInputError as error:
        problems += error.problems
    try:
        run_id = run_id if correlation_id is None else parse_correlation_id(correlation_id)
    except InvalidInputError as error:
        problems += error.problems
    if problems:
        raise InvalidInputError([Problem(_option(p.path), p.message) for p in problems])
    return run_id


def _option(path: str) -> str:
    return _OPTIONS.get(path, path)


def _number(text: str | None) -> int | str | None:
    """Read a whole number; anything else is left for the check to name."""
    try:
        return None if text is None else int(text)
    except ValueError:  # no number: the check names it as it was typed
        return text
