"""`syncline dlq`: list, group, show, discard and restore failed records."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
import typer

from syncline.actions.dead_letters.dead_letter_detail import MaskedDeadLetters
from syncline.actions.dead_letters.recovery import recover
from syncline.actions.dead_letters.selection import resolve
from syncline.cli.dead_letters import operations as bulk
from syncline.cli.dead_letters.replay import replay
from syncline.cli.dead_letters.selection import (
    ID_COLUMN,
    Chosen,
    ChosenDiscarded,
    Where,
    Which,
    confirm,
    entries_of,
    exit_code_of,
)
from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, pairs
from syncline.cli.program.texts import moment, number, plural, short_id
from syncline.cli.runs.runs import Limit
from syncline.contracts.messages import decoder_of, encode
from syncline.contracts.topics import DLQ
from syncline.domain.dead_letter.operation import OperationKind
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.groups import DeadLetterGroups
from syncline.postgres.dead_letters.queue import DeadLetterDetail, DeadLetterQueue, DeadLetterView
from syncline.telemetry.masking import MASK

commands = Commands("Look at failed records, the dead letters; replay, discard, restore them.")
_ID = typer.Argument(metavar="ID", help="The entry's ID, or how it begins.")
_STATUS = typer.Option(
    "--status", metavar="STATUS", help="pending, replayed, discarded, overtaken or all."
)
_REASON = typer.Option("--reason", metavar="TEXT", help="Why; kept with the entry.")
_STATUS_STYLES = {"Pending": "yellow", "Replayed": "cyan"}
_COLUMNS = (
    ID_COLUMN,
    Column("failed", "failed_at", rank=6),
    Column("instance", rank=3, cut=True),
    Column("entity type", rank=4),
    Column("source ID", cut=True),
    Column("stage", rank=2),
    Column("retries", right=True, rank=5, styles={"3": "yellow", "4": "yellow"}),
    Column("status", lambda entry: entry.status.title(), rank=1, styles=_STATUS_STYLES),
    Column("error", cut=True),
)
_GROUPS = (
    Column("group"),
    Column("entries", lambda group: number(group.count), right=True),
    Column("stage", rank=1),
    Column("first seen", rank=3),
    Column("last seen", rank=2),
    Column("error, the newest", "error", cut=True),
)
_RESULTS = (
    ID_COLUMN,
    Column("instance", rank=1, cut=True),
    Column("source ID", cut=True),
    Column("result", cut=True),
)


@commands.add("list")
def list_(
    shell: Shell,
    *,
    status: Annotated[str, _STATUS] = "pending",
    which: Which,
    limit: Limit = 25,
) -> None:
    """List the newest entries; by default those that wait for a person."""
    wanted = which.filter(None if status == "all" else status)

    async def read(database: Database) -> tuple[list[DeadLetterView], int]:
        queue = DeadLetterQueue(database)
        found = await queue.page(shell.tenant, wanted, limit)
        return found, len(found) if len(found) < limit else await queue.count(shell.tenant, wanted)

    found, count = shell.ask(read)
    none = "nothing waits" if status == "pending" else "no entries match"
    shell.show_list(found, _COLUMNS, none)
    if count > len(found):
        shell.note(
            f"{number(count - len(found))} more: --limit shows more, `dlq groups` folds them"
        )


@commands.add("groups")
def groups(shell: Shell, *, where: Where, limit: Limit = 25) -> None:
    """Fold the entries that wait into groups that failed alike, the largest first."""
    wanted = where.filter("pending")
    found = shell.ask(
        lambda database: DeadLetterGroups(database).page(shell.tenant, wanted, limit + 1)
    )
    shown = shell.show_list(found, _GROUPS, "nothing waits", limit=limit)
    going = next((group for group in shown if group.replayable), None)
    if going and not shell.json:
        own, text = own_name(), plural(going.replayable, "entry", "entries")
        shell.note(f"replay {text} of one group: {own} dlq replay --group {going.group}")
    for group in shown:
        for why in () if shell.json else group.hindrances:
            shell.note(f"{group.group} cannot be replayed as a whole: {why}")


@commands.add("show")
def show(shell: Shell, entry: Annotated[str, _ID]) -> None:
    """Show an entry: its error, its attempts, and the payload that the failed stage was given."""

    async def read(database: Database) -> DeadLetterDetail:
        (id_,) = await DeadLetterQueue(database).ids_of(shell.tenant, [entry])
        return await MaskedDeadLetters(database, shell.settings.keyring()).get(
            shell.tenant, id_, shell.actor, installation=True
        )

    found = shell.ask(read)
    lines = [*pairs(_facts(found)), *_attempts(found), *_edit(found)]
    shell.show(found, *lines, *_payload(found), *_further(found.entry))


def _facts(found: DeadLetterDetail) -> list[tuple[str, object]]:
    entry = found.entry
    systems = f"{entry.instance}: {entry.source} -> {entry.target}" if entry.instance else None
    resolved = entry.resolved_by and f"by {entry.resolved_by}, {moment(entry.resolved_at)}"
    return [
        ("ID", entry.id),
        ("status", entry.status.title()),
        ("resolved", resolved),
        ("reason", entry.reason),
        ("replayed in run", entry.replay_run),
        ("failed again after", entry.replay_of),
        ("failed again as", entry.overtaken_by),
        ("written by run", entry.overtaken_run),
        ("instance", systems),
        ("entity type", entry.entity_type),
        ("source ID", entry.source_id),
        ("stage", entry.stage),
        ("error", entry.error),
        ("field", entry.field),
        ("code", f"{entry.code} ({entry.category})"),
        ("in full", found.detail),
        ("failed", moment(entry.failed_at)),
        ("retries", str(entry.retries)),
        ("mapping version", entry.mapping_version),
        ("run", entry.correlation_id),
        ("group", entry.group),
        ("erased", entry.erased_by and f"by {entry.erased_by}, {moment(entry.erased_at)}"),
        ("cannot be replayed", entry.hindrance if entry.status == "pending" else None),
    ]


def _attempts(found: DeadLetterDetail) -> list[str]:
    if len(found.attempts) < 2:
        return []
    lines = ["", "attempts"]
    for attempt in found.attempts:
        at = str(attempt["at"])[:19].replace("T", " ")
        words = f"{attempt['stage']}: {attempt['failure']['message']}"
        lines.append(f"  {attempt['number']}  {at}Z  {words}")
    return lines


def _edit(found: DeadLetterDetail) -> list[str]:
    if found.edit is None:
        return []
    by = f"edited before its replay by {found.edit['author']}: {found.edit['reason']}"
    changes = [f"  {encode(step).decode()}" for step in found.edit["patch"]]
    return ["", by, *changes]


def _payload(found: DeadLetterDetail) -> list[str]:
    if found.payload is None or found.payload == "null":
        return []
    masked = f"; {MASK} stands for a secret, stored and replayed as it was"
    head = f"payload, as {found.entry.stage} was given it{masked if found.is_masked else ''}"
    return ["", head, pretty(found.payload)]


def pretty(text: str) -> str:
    """Indent JSON, digits as they are; what is none is shown so that a terminal obeys nothing."""
    try:
        value = decoder_of(object).decode(text)
        return msgspec.json.format(encode(value), indent=2).decode()
    except (msgspec.DecodeError, RecursionError):  # no JSON: shown as the text that it is
        return json.dumps(text, ensure_ascii=True)[1:-1]


def _further(entry: DeadLetterView) -> list[str]:
    if entry.hindrance is not None:
        return []
    own, short = own_name(), short_id(entry.id)
    return [
        "",
        f"replay it:       {own} dlq replay {short}",
        f"from its source: {own} dlq replay {short} --from ingest",
        f"discard it:      {own} dlq discard {short} --reason …",
    ]


commands.add("replay")(replay)


@commands.add("discard")
def discard(shell: Shell, *, reason: Annotated[str | None, _REASON] = None, chosen: Chosen) -> int:
    """Discard entries that wait: nobody needs them any more. They may be restored."""
    return _resolve(shell, chosen, OperationKind.DISCARD, reason)


@commands.add("restore")
def restore(shell: Shell, chosen: ChosenDiscarded) -> int:
    """Let discarded entries wait again."""
    return _resolve(shell, chosen, OperationKind.RESTORE, None)


@commands.add("recover", tenant=False)
def recover_(shell: Shell) -> None:
    """Store again what the DLQ topic has of runs that a restored database does not know."""

    async def read_again() -> int:
        async with shell.database() as database:
            return await recover(database, shell.reader(DLQ, from_beginning=True))

    count = shell.run(read_again())
    entries = plural(count, "entry", "entries")
    shell.show({"recovered": count}, f"{entries} stored again" if count else "nothing is missing")


def _resolve(shell: Shell, chosen: Chosen, kind: OperationKind, reason: str | None) -> int:
    selection = chosen.selection(kind.takes)
    entries, more = shell.ask(lambda database: entries_of(shell, database, selection))
    confirm(shell, kind, len(entries), selection, yes=chosen.yes)
    results = shell.ask(
        lambda database: resolve(
            database, shell.tenant, entries, kind, actor=shell.actor, reason=reason
        )
    )
    shell.show_list(results, _RESULTS, "no entries match")
    return exit_code_of(shell, sum(result.done for result in results), len(results), more)


commands.add("operations")(bulk.operations)
commands.add("abort")(bulk.abort)
