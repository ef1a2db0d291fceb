"""`syncline dlq replay`: one run for each instance and entity type, and a result for each entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from syncline.actions.dead_letters.dead_letter_detail import DeadLetters
from syncline.actions.dead_letters.edits import Edit, edit_of, wrong
from syncline.actions.dead_letters.replay_plan import (
    ReplayRequest,
    ReplayResult,
    ReplayRun,
    plan,
    results_of,
)
from syncline.cli.dead_letters.operations import Pace, replay_paced, wanted_of
from syncline.cli.dead_letters.selection import Chosen, Selection, confirm, entries_of
from syncline.cli.program.app import FAILED, OK, PARTIAL
from syncline.cli.program.shell import Shell
from syncline.cli.program.tables import Column, table
from syncline.cli.program.texts import plural, short_id, status_document
from syncline.cli.runs.run_watcher import Watcher, ended_lines, is_refused, until_ended
from syncline.contracts.events import RunStatus
from syncline.domain.dead_letter.replay import FAILED as FROM_FAILED
from syncline.domain.dead_letter.replay import MAX_REPLAY, STARTS
from syncline.domain.errors import InvalidInputError, Problem
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
    help="Stop when an entry fails again with the error it had; with --group by itself.",
    show_default=False,
)
_AFTER = typer.Option("--stop-after", metavar="NUMBER", help="Stop when so many failed again.")
_RESULTS = {"success": "green", "failed": "red"}
_COLUMNS = (
    Column("ID"),
    Column("instance", rank=1, cut=True),
    Column("entity type", rank=2),
    Column("source ID", cut=True),
    Column("result", cut=True, styles=_RESULTS),
)


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
) -> None:
    """Replay entries, under the mapping as it is now.

    A replay is a run of its own: the first run's counters stay, and no cursor moves. At a rate, or
    careful, or over more than 1,000 entries, it is an operation that the server works off.
    """
    selection = chosen.selection("pending")
    pace = Pace(rate, stop_on_repeat, stop_after)
    _check(from_, edit, reason)
    pace.check()
    if edit is None and _is_operation(shell, selection, pace):
        work = _by_the_server(shell, selection, pace, yes=chosen.yes)
        code = work(from_stage=from_, reason=reason, no_wait=no_wait)
    else:
        code = _at_once(
            shell, selection, _Change(from_, edit, reason), yes=chosen.yes, no_wait=no_wait
        )
    if code:
        raise typer.Exit(code)


class _Change(msgspec.Struct, frozen=True):
    """From where entries are replayed, and with which change."""

    from_stage: str
    edit: Path | None
    reason: str | None


def _by_the_server(
    shell: Shell, selection: Selection, pace: Pace, *, yes: bool
) -> Callable[..., int]:
    """Ask whether it is meant, and return what does it."""
    wanted, count = shell.run(_counted(shell, selection))
    confirm(shell, "replay", count, selection, yes=yes)
    return partial(replay_paced, shell, wanted, pace)


def _at_once(
    shell: Shell, selection: Selection, change: _Change, *, yes: bool, no_wait: bool
) -> int:
    """Replay up to 1,000 entries by runs that are asked for here; return the exit code."""

    async def find() -> tuple[list[DeadLetterView], int, Edit | None]:
        async with shell.database() as database:
            entries, more = await entries_of(shell, database, selection)
            if change.edit is None:
                return entries, more, None
            (entry,) = _only_one(entries)
            letters = DeadLetters(database, shell.settings.keyring())
            found = await letters.get(shell.tenant, entry.id)
            return entries, more, edit_of(found, _read(change.edit), "--edit", str(change.edit))

    entries, more, edit = shell.run(find())
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
    _show(shell, [*refused, *results], statuses)
    if more:
        shell.note(f"{plural(more, 'more entry matches', 'more entries match')}: call it again")
    return code or _exit_code([*refused, *results])


async def _counted(shell: Shell, selection: Selection) -> tuple[DeadLetterFilter, int]:
    async with shell.database() as database:
        wanted = await wanted_of(shell, database, selection)
        return wanted, await DeadLetterQueue(database).count(shell.tenant, wanted)


def _is_operation(shell: Shell, selection: Selection, pace: Pace) -> bool:
    """Tell whether the server has to do it: it is careful, or more than one run can take."""
    if pace.is_given(group=selection.wanted.group is not None):
        return True
    return not selection.ids and shell.run(_counted(shell, selection))[1] > MAX_REPLAY


def _check(from_: str, edit: Path | None, reason: str | None) -> None:
    problems = []
    if from_ not in STARTS:
        problems.append(Problem("--from", f"must be one of {', '.join(STARTS)}, not {from_!r}"))
    if edit is not None and from_ != FROM_FAILED:
        problems.append(Problem("--edit", "cannot go with --from ingest, which reads the source"))
    if edit is not None and not reason:
        problems.append(Problem("--reason", "is required with --edit: it is kept with the change"))
    if problems:
        raise InvalidInputError(problems)


def _only_one(entries: Sequence[DeadLetterView]) -> Sequence[DeadLetterView]:
    if len(entries) != 1:
        message = f"changes one entry, and {plural(len(entries), 'is', 'are')} named"
        raise InvalidInputError([Problem("--edit", message)])
    return entries


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
            code = await until_ended(shell, watcher, run_ids)
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
    rows = [[short_id(r.id), r.instance, r.entity_type, r.source_id, r.result] for r in results]
    lines: list[object] = [*table(_COLUMNS, rows, shell.out.width)] if rows else []
    for status in statuses:
        lines += ["", *([] if is_refused(status) else ended_lines(status))]
    if rows or shell.json:
        shell.show(document, *(lines[:-1] if lines and lines[-1] == "" else lines))
    else:
        shell.note("no entries match")


def _exit_code(results: Sequence[ReplayResult]) -> int:
    """Return 0 when every entry's record went through, 1 when none did, 3 else."""
    good = sum(result.is_good for result in results)
    if good == len(results):
        return OK
    return PARTIAL if good else FAILED
