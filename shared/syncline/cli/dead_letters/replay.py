"""`syncline dlq replay`: one run for each instance and entity type, and a result for each entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from syncline.actions.dead_letters.dead_letter_detail import (
    MaskedDeadLetters,
    PayloadEdit,
    edit_of,
    wrong,
)
from syncline.actions.dead_letters.replay_plan import (
    ReplayRequest,
    ReplayResult,
    ReplayRun,
    plan,
    results_of,
)
from syncline.cli.dead_letters.operations import ReplayPace, replay_paced
from syncline.cli.dead_letters.selection import (
    ID_COLUMN,
    Chosen,
    EntrySelection,
    confirm,
    entries_of,
    exit_code_of,
    wanted_of,
)
from syncline.cli.program.app import OK
from syncline.cli.program.shell import Shell
from syncline.cli.program.tables import Column, table
from syncline.cli.program.texts import plural, status_document
from syncline.cli.runs.run_watcher import Watcher, ended_lines, is_refused
from syncline.contracts.events import RunStatus
from syncline.domain.dead_letter.replay import FAILED as FROM_FAILED
from syncline.domain.dead_letter.replay import MAX_REPLAY, STARTS
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.queue import DeadLetterQueue, DeadLetterView
from syncline.postgres.runs.run_outcomes import outcomes_of
from syncline.runtime.clock import SystemClock

_FROM = typer.Option(
    "--from", metavar="STAGE", help="failed: the failed stage's input; ingest: read it again."
)
_EDIT = typer.Option(
    "--edit", metavar="FILE", help="A JSON Patch, or the payload as it should be; for one entry."
)
_REASON = typer.Option("--reason", metavar="TEXT", help="Why; needed with --edit.")
_NO_WAIT = typer.Option("--no-wait", help="Return when the runs are accepted or refused.")
_RATE = typer.Option("--rate", metavar="NUMBER", help="Entries a second.")
_REPEAT = typer.Option(
    "--stop-on-repeat/--no-stop-on-repeat",
    help="Stop when an entry fails again with the error it had; the default with --group.",
    show_default=False,
)
_AFTER = typer.Option("--stop-after", metavar="NUMBER", help="Stop after so many new failures.")
_COLUMNS = (
    ID_COLUMN,
    Column("instance", rank=1, cut=True),
    Column("entity type", rank=2),
    Column("source ID", cut=True),
    Column("result", cut=True, styles={"success": "green", "failed": "red"}),
)


class _Change(msgspec.Struct, frozen=True):
    """From where entries are replayed, and with which change."""

    from_stage: str
    edit: Path | None
    reason: str | None

    def check(self) -> None:
        """Raise InvalidInputError that names every mistake."""
        problems = []
        if self.from_stage not in STARTS:
            message = f"must be one of {', '.join(STARTS)}, not {self.from_stage!r}"
            problems.append(Problem("--from", message))
        if self.edit is not None and self.from_stage != FROM_FAILED:
            message = "cannot go with --from ingest, which reads the source"
            problems.append(Problem("--edit", message))
        if self.edit is not None and not self.reason:
            message = "is required with --edit: it is kept with the change"
            problems.append(Problem("--reason", message))
        if problems:
            raise InvalidInputError(problems)


def replay(
    shell: Shell,
    *,
    from_: Annotated[str, _FROM] = FROM_FAILED,
    edit: Annotated[Path | None, _EDIT] = None,
    reason: Annotated[str | None, _REASON] = None,
    chosen: Chosen,
    rate: Annotated[float | None, _RATE] = None,
    stop_on_repeat: Annotated[bool | None, _REPEAT] = None,
    stop_after: Annotated[int | None, _AFTER] = None,
    no_wait: Annotated[bool, _NO_WAIT] = False,
) -> int:
    """Replay entries, with the mapping as it is now.

    A replay is a run of its own: the first run's counters stay, and no cursor moves. With a rate, a
    condition to stop, or more than 1,000 entries it is an operation: the server does it in steps.
    """
    selection = chosen.selection("pending")
    pace, change = ReplayPace(rate, stop_on_repeat, stop_after), _Change(from_, edit, reason)
    change.check()
    pace.check()

    async def counted(database: Database) -> tuple[DeadLetterFilter, int]:
        wanted = await wanted_of(shell, database, selection)
        return wanted, await DeadLetterQueue(database).count(shell.tenant, wanted)

    # The server does what is careful, and what is more than one run can take.
    is_careful = pace.is_given(group=selection.wanted.group is not None)
    if edit is None and (is_careful or not selection.ids):
        wanted, count = shell.ask(counted)
        if is_careful or count > MAX_REPLAY:
            confirm(shell, "replay", count, selection, yes=chosen.yes)
            return replay_paced(
                shell, wanted, pace, from_stage=from_, reason=reason, no_wait=no_wait
            )
    return _at_once(shell, selection, change, yes=chosen.yes, no_wait=no_wait)


def _at_once(
    shell: Shell, selection: EntrySelection, change: _Change, *, yes: bool, no_wait: bool
) -> int:
    """Replay up to 1,000 entries by runs that are asked for here; return the exit code."""

    async def find(database: Database) -> tuple[list[DeadLetterView], int, PayloadEdit | None]:
        entries, more = await entries_of(shell, database, selection)
        if change.edit is None:
            return entries, more, None
        if len(entries) != 1:
            message = f"changes one entry, and {plural(len(entries), 'is', 'are')} named"
            raise InvalidInputError([Problem("--edit", message)])
        (entry,) = entries
        found = await MaskedDeadLetters(database, shell.settings.keyring()).get(
            shell.tenant, entry.id, shell.actor
        )
        return entries, more, edit_of(found, _read(change.edit), "--edit", str(change.edit))

    entries, more, edit = shell.ask(find)
    confirm(shell, "replay", len(entries), selection, yes=yes)
    request = ReplayRequest(
        tenant=shell.tenant,
        actor=shell.actor,
        source="cli",
        from_stage=change.from_stage,
        reason=change.reason,
        edit=edit,
        named=bool(selection.ids),
    )
    asked, refused = plan(entries, request, SystemClock().now())
    results, statuses, code = shell.run(_replay(shell, asked, no_wait=no_wait))
    results = [*refused, *results]
    _show(shell, results, statuses)
    ended = exit_code_of(shell, sum(result.is_good for result in results), len(results), more)
    return code or ended


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise wrong("--edit", f"{path}: {error.strerror}") from None
    except UnicodeError:
        raise wrong("--edit", f"{path} is no JSON: not UTF-8 text") from None


async def _replay(
    shell: Shell, planned: Sequence[ReplayRun], *, no_wait: bool
) -> tuple[list[ReplayResult], list[RunStatus], int]:
    if not planned:
        return [], [], OK
    run_ids = [asked.run_id for asked in planned]
    code = OK
    async with Watcher(shell) as watcher:
        await watcher.ask([asked.message for asked in planned], run_ids)
        if not no_wait:
            code = await watcher.until_ended(run_ids)
    statuses = watcher.statuses
    results = [r for asked in planned for r in await _results(shell, asked, statuses)]
    return results, [statuses[i] for i in run_ids if i in statuses], code


async def _results(
    shell: Shell, asked: ReplayRun, statuses: Mapping[str, RunStatus]
) -> list[ReplayResult]:
    status = statuses.get(asked.run_id)
    if status is not None and is_refused(status):
        return results_of(asked, status.reason or "", {})
    source_ids = [entry.source_id or "" for entry in asked.entries]
    async with shell.database() as database:
        return results_of(asked, None, await outcomes_of(database, asked.run_id, source_ids))


def _show(shell: Shell, results: Sequence[ReplayResult], statuses: Sequence[RunStatus]) -> None:
    document = {
        "entries": msgspec.to_builtins(results),
        "runs": [status_document(status) for status in statuses],
    }
    lines: list[object] = [*table(_COLUMNS, results, shell.out.width)] if results else []
    for status in statuses:
        lines += ["", *([] if is_refused(status) else ended_lines(status))]
    if results or shell.json:
        shell.show(document, *(lines[:-1] if lines and lines[-1] == "" else lines))
    else:
        shell.note("no entries match")
