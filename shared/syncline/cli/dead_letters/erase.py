"""`syncline erase`: what is stored of a record's contents, for whoever must not be remembered."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.program.shell import Shell
from syncline.cli.program.texts import plural
from syncline.postgres.dead_letters.erasure import erase_record
from syncline.postgres.runs.search import checked_id

_INSTANCE = typer.Option("--instance", metavar="NAME", help="Whose record it is.")
_SOURCE_ID = typer.Option("--source-id", metavar="ID", help="The record's ID in its source.")
_YES = typer.Option("--yes", help="Do not ask.")


def erase(
    shell: Shell,
    instance: Annotated[str, _INSTANCE],
    source_id: Annotated[str, _SOURCE_ID],
    yes: Annotated[bool, _YES] = False,
) -> None:
    """Erase a record's payloads, edits and errors from the database.

    Its dead letters cannot be replayed then. Its ID and outcomes stay; topics forget by themselves.
    """
    checked_id(source_id, "--source-id")
    if not yes:
        shell.confirm(f"erase the payloads of {source_id} of {instance} for good", "nothing erased")
    done = shell.ask(
        lambda database: erase_record(database, shell.tenant, instance, source_id, shell.actor)
    )
    shell.show(
        done,
        f"erased {plural(done.dead_letters, 'dead letter')}, {plural(done.attempts, 'attempt')}",
        "topics hold what was published of it until it is too old: 7 days, .dlq 30",
    )
