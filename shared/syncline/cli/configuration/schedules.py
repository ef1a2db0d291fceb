"""`syncline schedules`: list, show, preview, enable, disable, run at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from syncline.actions.manual_firing import fire_by_hand
from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, pairs, table
from syncline.cli.program.texts import label, moment
from syncline.domain.configuration.documents import Kind
from syncline.domain.schedule.preview import Preview, parse_cadence, preview
from syncline.postgres.database.database import Database
from syncline.postgres.schedules.schedule_list import FiringView, ScheduleList, ScheduleView
from syncline.resources.edits import Edit, switch
from syncline.runtime.clock import SystemClock

commands = Commands("List and preview schedules, switch them, run one now.")
_NAME = typer.Argument(metavar="SCHEDULE", help="Name of the schedule.")
_CRON = typer.Argument(metavar="CRON", help='Five fields, such as "0 5 * * MON-FRI".')
_ZONE = typer.Option("--timezone", metavar="ZONE", help="IANA time zone, such as Europe/Berlin.")
_LIMIT = typer.Option("--limit", metavar="NUMBER", min=1, max=2**31 - 2, help="Firings shown.")
_STYLES = {"Enabled": "green", "Disabled": "red", "Dependency Inactive": "yellow"}


def _became(firing: FiringView) -> str:
    return label(firing.state or firing.result)


def _last(schedule: ScheduleView) -> str:
    firing = schedule.last_run
    return f"{moment(firing.slot)} {_became(firing)}" if firing else "never"


_COLUMNS = (
    Column("schedule", "name", cut=True),
    Column("instance", cut=True),
    Column("entity type"),
    Column("cron", rank=1),
    Column("zone", "timezone", rank=2),
    Column("status", lambda schedule: label(schedule.status), styles=_STYLES),
    Column("last run", _last, rank=3),
    Column("next run"),
)
_FIRINGS = (
    Column("due", "slot"),
    Column("result", _became),
    Column("run", "correlation_id"),
    Column("by", "actor", rank=2),
    Column("reason", cut=True, rank=1),
)


@commands.add("list")
def list_(shell: Shell) -> None:
    """List the schedules, with the last and the next run of each."""
    found = shell.ask(lambda database: ScheduleList(database).page(shell.tenant))
    none = f"no schedules; `{own_name()} apply -f` stores documents of kind Schedule"
    shell.show_list(found, _COLUMNS, none)


@commands.add("show")
def show(shell: Shell, schedule: Annotated[str, _NAME], limit: Annotated[int, _LIMIT] = 10) -> None:
    """Show one schedule, what it will do, and its newest firings."""

    async def read(database: Database) -> tuple[ScheduleView, Sequence[FiringView]]:
        views = ScheduleList(database)
        view = await views.get(shell.tenant, schedule)
        return view, await views.firings(shell.tenant, schedule, limit)

    view, firings = shell.ask(read)
    coming = preview(*parse_cadence(view.cron, view.timezone), SystemClock().now())
    head = pairs(
        [
            ("schedule", view.name),
            ("syncs", f"{view.instance} {view.entity_type}"),
            ("status", _status(view)),
            ("missed", f"{view.missed} in the last seven days" if view.missed else None),
        ]
    )
    document = {"schedule": view, "preview": coming, "firings": firings}
    shell.show(document, *head, *_lines(coming), "", *table(_FIRINGS, firings, shell.out.width))


def _status(view: ScheduleView) -> str:
    why = f": {view.status_reason}" if view.status_reason else ""
    return label(view.status) + why


@commands.add("preview", tenant=False)
def preview_(
    shell: Shell, cron: Annotated[str, _CRON], timezone: Annotated[str, _ZONE] = "UTC"
) -> None:
    """Say when a cron expression fires, and what clock changes do to it."""
    coming = preview(*parse_cadence(cron, timezone), SystemClock().now())
    shell.show(coming, *_lines(coming))


def _lines(coming: Preview) -> list[object]:
    """Say a preview; local times first, as the schedule means them."""
    firings = [f"{m.local}  ({moment(m.at)})" for m in coming.next]
    names = ["next", *[""] * (len(firings) - 1)]
    notes = [("note", note) for note in coming.notes]
    cadence = f"{coming.sentence} ({coming.cron}), {coming.timezone}"
    return list(pairs([("cadence", cadence), *zip(names, firings, strict=True), *notes]))


@commands.add("enable")
def enable(shell: Shell, schedule: Annotated[str, _NAME]) -> None:
    """Let a schedule fire from now on; what it passed meanwhile stays undone."""
    _switch(shell, schedule, enabled=True)


@commands.add("disable")
def disable(shell: Shell, schedule: Annotated[str, _NAME]) -> None:
    """Keep a schedule from firing; a run that is under way goes on."""
    _switch(shell, schedule, enabled=False)


def _switch(shell: Shell, schedule: str, *, enabled: bool) -> None:
    async def change() -> ScheduleView:
        async with shell.configuration() as store:
            edit = Edit(shell.tenant, shell.actor, Kind.SCHEDULE, schedule)
            await switch(store, edit, enabled=enabled)
        async with shell.database() as database:
            return await ScheduleList(database).get(shell.tenant, schedule)

    view = shell.run(change())
    coming = f", next run {moment(view.next_run)}" if view.next_run else ""
    shell.show(view, f"schedule {view.name}: {_status(view)}{coming}")


@commands.add("run-now")
def run_now(shell: Shell, schedule: Annotated[str, _NAME]) -> None:
    """Start the schedule's run now; it is skipped while another run of the same is active."""

    async def fire() -> str:
        who = (shell.tenant, schedule, shell.actor, "cli")
        async with shell.database() as database:
            run_id, message = await fire_by_hand(database, *who, SystemClock().now())
        await shell.send([message])
        return run_id

    run_id = shell.run(fire())
    hint = f"`{own_name()} runs watch {run_id}` follows it"
    shell.show({"correlationId": run_id}, f"correlation ID {run_id}; {hint}")
