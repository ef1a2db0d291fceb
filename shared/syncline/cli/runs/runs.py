"""`syncline runs`: list, show, watch, pause, resume and cancel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer

from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, pairs, table
from syncline.cli.program.texts import (
    counters,
    duration,
    label,
    moment,
    notice_lines,
    number,
    plural,
    run_document,
    seconds_of,
    state_label,
    status_document,
)
from syncline.cli.runs.run_display import STYLES
from syncline.cli.runs.run_watcher import Watcher, ended_lines, exit_code
from syncline.contracts.events import PROGRESS
from syncline.contracts.status import status_message, status_of
from syncline.contracts.wire import Outbound
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.run import FINAL, Run, State
from syncline.domain.trigger import parse_correlation_id
from syncline.postgres.database.database import Database
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.run_outcomes import SpecialRecord, read_special_records
from syncline.postgres.runs.runs import Runs
from syncline.postgres.runs.stage_figures import StageView, read_stages
from syncline.runtime.clock import SystemClock
from syncline.runtime.commands.control import cancel_message, forget_message, pause_message

commands = Commands("List, show, watch, pause, resume and cancel runs.")
ACTIVE = tuple(state.value for state in State if state not in FINAL)
Limit = Annotated[int, typer.Option("--limit", min=1, max=2**31 - 2, help="Show at most so many.")]
_RunId = Annotated[
    str, typer.Argument(metavar="CORRELATION_ID", help="The run's ID.", show_default=False)
]
_INSTANCE = typer.Option("--instance", metavar="NAME", help="Only runs of this instance.")
_STATE = typer.Option("--state", metavar="STATE", help="Only runs in this state; may be repeated.")
_ACTIVE = typer.Option("--active", help="Only runs that have not ended.")
_STATES = {label(state): style for state, style in STYLES.items()}
_COLUMNS = (
    Column("correlation ID", "id"),
    Column("instance", "instance_name", rank=1, cut=True),
    Column("entity type", rank=2),
    Column("state", lambda run: state_label(run, SystemClock().now()), styles=_STATES),
    Column("mode", lambda run: run.mode.value, rank=7),
    Column("begun", lambda run: run.started_at or run.created_at, rank=6),
    Column("time", lambda run: duration(seconds_of(run)), right=True, rank=5),
    Column("total", lambda run: number(run.counters.total), right=True, rank=3),
    Column("success", lambda run: number(run.counters.success), right=True, rank=4),
    Column("skipped", lambda run: number(run.counters.skipped), right=True, rank=4),
    Column("failed", lambda run: number(run.counters.failed), right=True, rank=3),
)
_EXCEPTIONS = (Column("source ID"), Column("outcome"))
_STAGES = (
    Column("stage", lambda stage: f"{stage.stage} (slowest)" if stage.slowest else stage.stage),
    Column("before", lambda stage: number(stage.before), right=True),
    Column("in it", lambda stage: number(stage.inside), right=True),
    Column("tried again", lambda stage: number(stage.retrying), right=True, rank=3),
    Column("through", lambda stage: number(stage.passed), right=True),
    Column("skipped", lambda stage: number(stage.skipped), right=True, rank=1),
    Column("failed", lambda stage: number(stage.failed), right=True, rank=1),
    Column("waited", lambda stage: duration(stage.waited), right=True, rank=2),
    Column("worked", lambda stage: duration(stage.worked), right=True, rank=2),
)


def run_id_of(text: str) -> str:
    """Check a correlation ID. Raises InvalidInputError."""
    try:
        return parse_correlation_id(text)
    except InvalidInputError as error:
        message = error.problems[0].message
        raise InvalidInputError([Problem("CORRELATION_ID", message)]) from None


@commands.add("list")
def list_(
    shell: Shell,
    instance: Annotated[str | None, _INSTANCE] = None,
    state: Annotated[list[str] | None, _STATE] = None,
    active: Annotated[bool, _ACTIVE] = False,
    limit: Limit = 25,
) -> None:
    """List the newest runs."""
    states = _states(state or [])
    wanted = tuple(s for s in states or ACTIVE if s in ACTIVE) if active else states
    found = shell.ask(
        lambda database: Runs(database).newest(
            shell.tenant, limit=limit + 1, states=wanted, instance=instance
        )
    )
    is_filtered = instance or wanted
    none = "no runs match" if is_filtered else f"no runs yet; `{own_name()} trigger` begins one"
    shell.show_list(found, _COLUMNS, none, document=run_document, limit=limit)


def _states(given: list[str]) -> tuple[str, ...]:
    states = tuple(text.strip().lower().replace(" ", "_") for text in given)
    wrong = [text for text in states if text not in set(State)]
    if wrong:
        message = f"must be one of {', '.join(State)}, not {wrong[0]!r}"
        raise InvalidInputError([Problem("--state", message)])
    return states


@commands.add("show")
def show(shell: Shell, correlation_id: _RunId) -> None:
    """Show a run: what was asked for, how far it is, and what was exceptional."""
    run_id = run_id_of(correlation_id)

    async def read(database: Database) -> tuple[Run, list[StageView], list[SpecialRecord]]:
        run = await Runs(database).get(shell.tenant, run_id)
        stages = await read_stages(database, run_id)
        return run, stages, await read_special_records(database, run_id)

    run, stages, special = shell.ask(read)
    document = run_document(run) | {"stages": stages, "exceptions": special}
    lines = notice_lines(run.notices)
    shell.show(
        document, *pairs(_facts(run)), *lines, *_by_stage(stages), *_exceptions(run, special)
    )


def _facts(run: Run) -> list[tuple[str, object]]:
    asked_to_cancel = run.cancel_requested_by if not run.state.is_final else None
    return [
        ("correlation ID", run.id),
        ("instance", f"{run.instance_name} {run.entity_type}"),
        ("state", state_label(run, SystemClock().now())),
        ("reason", run.reason),
        ("cancel asked by", asked_to_cancel),
        ("needs attention", run.needs_attention),
        ("paused", f"by {run.paused_by}, {moment(run.paused_at)}" if run.paused_at else None),
        ("records", counters(status_of(run))),
        ("mode", run.mode.value),
        ("source IDs", number(len(run.source_ids)) if run.source_ids else None),
        ("max entities", run.max_entities),
        ("batch size", run.batch_size),
        ("triggered", f"by {run.actor}, {run.trigger}, {moment(run.created_at)}"),
        ("replays failures of", run.parent),
        ("begun", moment(run.started_at)),
        ("source read until", moment(run.extracted_at)),
        ("ended", moment(run.finished_at)),
        ("took", duration(seconds_of(run))),
        ("mapping version", run.mapping_version),
        ("cursor before", run.cursor_before),
        ("cursor after", run.cursor_after),
    ]


def _by_stage(stages: Sequence[StageView]) -> list[object]:
    return ["", *table(_STAGES, stages, 100)] if stages else []


def _exceptions(run: Run, special: Sequence[SpecialRecord]) -> list[object]:
    if not special:
        return []
    lines: list[object] = ["", *table(_EXCEPTIONS, special, 100)]
    counts = run.counters
    left = counts.total - counts.success - counts.unchanged - len(special)
    if left > 0:
        lines.append(f"and {number(left)} more; the console's page of the run lists all")
    if counts.failed:
        lines.append(f"\nwhy: {own_name()} dlq list --run {run.id}")
    return lines


@commands.add("watch")
def watch(shell: Shell, correlation_id: _RunId) -> int:
    """Watch a run until it has ended; Ctrl-C stops the watching, the run goes on."""
    run_id = run_id_of(correlation_id)

    async def follow() -> int:
        async with shell.database() as database:
            await Runs(database).get(shell.tenant, run_id)  # or say that there is none
        async with Watcher(shell) as watcher:
            if interrupted := await watcher.until_ended([run_id]):
                return interrupted
            status = watcher.statuses[run_id]
            shell.show(status_document(status), *ended_lines(status))
            return exit_code([status])

    return shell.run(follow())


@commands.add("pause")
def pause(shell: Shell, correlation_id: _RunId) -> None:
    """Hold a run: batches under way finish, the others wait, whatever is restarted meanwhile."""
    run_id = run_id_of(correlation_id)
    run = _command(
        shell,
        lambda database: RunPauses(database).pause(shell.tenant, run_id, shell.actor),
        lambda run: [pause_message(run_id, shell.actor), _progress(run)],
    )
    left = plural(run.counters.in_flight, "record")
    text = f"{run.instance_name} {run.entity_type} is paused; {left} in flight"
    shell.show(run_document(run), text, f"go on: {own_name()} runs resume {run_id}")


@commands.add("resume")
def resume(shell: Shell, correlation_id: _RunId) -> None:
    """Let a paused run go on; what failed in one that needs attention is accepted."""
    run_id = run_id_of(correlation_id)
    run = _command(
        shell,
        lambda database: RunPauses(database).resume(shell.tenant, run_id, shell.actor),
        lambda run: [forget_message(run_id), _progress(run)],
    )
    shell.show(run_document(run), f"{run.instance_name} {run.entity_type} goes on")


@commands.add("cancel")
def cancel(shell: Shell, correlation_id: _RunId) -> None:
    """Cancel a run: no new record enters, what is being written is finished."""
    run_id = run_id_of(correlation_id)
    run = _command(
        shell,
        lambda database: Runs(database).request_cancel(shell.tenant, run_id, shell.actor),
        lambda run: [cancel_message(run_id, shell.actor), _progress(run)],
    )
    left = plural(run.counters.in_flight, "record")
    text = f"{run.instance_name} {run.entity_type} will be cancelled; {left} in flight"
    shell.show(run_document(run), text, f"watch it: {own_name()} runs watch {run_id}")


def _command(
    shell: Shell,
    change: Callable[[Database], Awaitable[Run]],
    messages: Callable[[Run], Sequence[Outbound]],
) -> Run:
    """Change a run in the database, then tell the stages, and return it."""

    async def work() -> Run:
        async with shell.database() as database:
            run = await change(database)
        await shell.send(messages(run))
        return run

    return shell.run(work())


def _progress(run: Run) -> Outbound:
    """Return what tells all who follow the run."""
    return status_message(PROGRESS, "cli", status_of(run), SystemClock().now())
