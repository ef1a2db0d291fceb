"""`syncline dlq`: list, group and show failed records. Acting on them is in the modules below."""

from __future__ import annotations

import json
from typing import Annotated

import msgspec
import typer

from syncline.actions.dead_letters.dead_letter_detail import DeadLetters
from syncline.cli.dead_letters import operations as bulk
from syncline.cli.dead_letters import resolution as resolving
from syncline.cli.dead_letters.replay import replay
from syncline.cli.dead_letters.selection import Where, Which
from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, pairs
from syncline.cli.program.texts import moment, number, plural, short_id
from syncline.cli.runs.runs import LIMIT
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.record import JsonObject
from syncline.postgres.dead_letters.groups import DeadLetterGroups
from syncline.postgres.dead_letters.queue import DeadLetterDetail, DeadLetterQueue, DeadLetterView
from syncline.telemetry.masking import MASK

commands = Commands("Look at failed records, the dead letters; replay, discard, restore them.")
_ID = typer.Argument(metavar="ID", help="The entry's ID, or how it begins.")
_STATUS = typer.Option(
    "--status", metavar="STATUS", help="pending, replayed, discarded, overtaken or all."
)
_STATUS_STYLES = {"Pending": "yellow", "Replayed": "cyan"}
_COLUMNS = (
    Column("ID"),
    Column("failed", rank=6),
    Column("instance", rank=3, cut=True),
    Column("entity type", rank=4),
    Column("source ID", cut=True),
    Column("stage", rank=2),
    Column("retries", right=True, rank=5, styles={"3": "yellow", "4": "yellow"}),
    Column("status", rank=1, styles=_STATUS_STYLES),
    Column("error", cut=True),
)
_GROUPS = (
    Column("group"),
    Column("entries", right=True),
    Column("stage", rank=1),
    Column("first seen", rank=3),
    Column("last seen", rank=2),
    Column("error, the newest", cut=True),
)


@commands.add("list")
def list_(
    shell: Shell,
    *,
    status: Annotated[str, _STATUS] = "pending",
    which: Which,
    limit: Annotated[int, LIMIT] = 25,
) -> None:
    """List the newest entries; by default those that wait for a person."""
    wanted = which.filter(None if status == "all" else status)

    async def read() -> tuple[list[DeadLetterView], int]:
        async with shell.database() as database:
            views = DeadLetterQueue(database)
            found = await views.newest(shell.tenant, wanted, limit)
            count = len(found) if len(found) < limit else await views.count(shell.tenant, wanted)
            return found, count

    found, count = shell.run(read())
    none = "nothing waits" if status == "pending" else "no entries match"
    shell.show_table(found, _COLUMNS, [_row(letter) for letter in found], none)
    if count > len(found):
        shell.note(
            f"{number(count - len(found))} more: --limit shows more, `dlq groups` folds them"
        )


def _row(letter: DeadLetterView) -> list[object]:
    return [
        short_id(letter.id),
        moment(letter.failed_at),
        letter.instance,
        letter.entity_type,
        letter.source_id,
        letter.stage,
        letter.retries,
        letter.status.title(),
        letter.error,
    ]


@commands.add("groups")
def groups(shell: Shell, *, where: Where, limit: Annotated[int, LIMIT] = 25) -> None:
    """Fold the entries that wait into groups that failed alike, the largest first."""
    wanted = where.filter("pending")
    several = shell.ask(
        lambda database: DeadLetterGroups(database).largest(shell.tenant, wanted, limit + 1)
    )
    found = several[:limit]
    rows: list[list[object]] = [
        [g.group, number(g.count), g.stage, moment(g.first_seen), moment(g.last_seen), g.error]
        for g in found
    ]
    shell.show_table(found, _GROUPS, rows, "nothing waits")
    if len(several) > limit:
        shell.note("there are more: --limit shows more")
    going = next((group for group in found if group.replayable), None)
    if going and not shell.json:
        own, text = own_name(), plural(going.replayable, "entry", "entries")
        shell.note(f"replay {text} of one group: {own} dlq replay --group {going.group}")
    for group in found:
        for why in () if shell.json else group.hindrances:
            shell.note(f"{group.group} cannot be replayed as a whole: {why}")


@commands.add("show")
def show(shell: Shell, entry: Annotated[str, _ID]) -> None:
    """Show an entry: its error, its attempts, and the payload that the failed stage was given."""

    async def read() -> DeadLetterDetail:
        async with shell.database() as database:
            (letter_id,) = await DeadLetterQueue(database).ids_of(shell.tenant, [entry])
            letters = DeadLetters(database, shell.settings.keyring())
            return await letters.get(shell.tenant, letter_id)

    found = shell.run(read())
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
        ("cannot be replayed", entry.hindrance if entry.status == "pending" else None),
    ]


def _attempts(found: DeadLetterDetail) -> list[str]:
    if len(found.attempts) < 2:
        return []
    return ["", "attempts", *(_attempt(attempt) for attempt in found.attempts)]


def _attempt(attempt: JsonObject) -> str:
    at = str(attempt["at"])[:19].replace("T", " ")
    return f"  {attempt['number']}  {at}Z  {attempt['stage']}: {attempt['failure']['message']}"


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
commands.add("discard")(resolving.discard)
commands.add("restore")(resolving.restore)
commands.add("operations")(bulk.operations)
commands.add("abort")(bulk.abort)
