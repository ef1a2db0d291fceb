"""`syncline profiles`: which systems are reached, and whether they answer."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, pairs, table
from syncline.cli.program.texts import moment, number
from syncline.domain.breaker import waiting_reason
from syncline.postgres.configuration.profile_list import ProfileList, ProfileView
from syncline.postgres.database.sorts import ListPart
from syncline.postgres.limits.profile_calls import ProfileCallsView

commands = Commands("List and show connection profiles, and whether their systems answer.")
_NAME = typer.Argument(metavar="NAME", help="Name of the profile.")
_MOST = 1_000


def _status(profile: ProfileView) -> str:
    if profile.breaker is not None:
        return "Away"
    return "Active" if profile.active else "Inactive"


def _waiting(profile: ProfileView) -> str | None:
    if (away := profile.breaker) is None:
        return None
    return waiting_reason(profile.name, away.opened_at, away.reason)


_COLUMNS = (
    Column("name", cut=True),
    Column("connector"),
    Column("status", _status, styles={"Away": "red", "Active": "green"}),
    Column("max concurrent", right=True, rank=3),
    Column("rate", lambda profile: f"{profile.rate:g}/s" if profile.rate else "", rank=4),
    Column("used by", lambda profile: ", ".join(profile.used_by), rank=2, cut=True),
    Column("waits", _waiting, rank=1, cut=True),
)
_CALLS = (
    Column("run", "correlation_id"),
    Column("instance", cut=True),
    Column("entity type"),
    Column("in hand", right=True),
    Column("waiting", right=True),
    Column("waiting since", rank=1),
)


@commands.add("list")
def list_(shell: Shell) -> None:
    """List connection profiles; of each whether its system answers."""
    found = shell.ask(
        lambda database: ProfileList(database, shell.settings.keyring()).page(
            shell.tenant, ListPart(limit=_MOST)
        )
    )
    shell.show_list(found, _COLUMNS, f"no profiles; `{own_name()} apply -f` stores some")


@commands.add("show")
def show(shell: Shell, name: Annotated[str, _NAME]) -> None:
    """Show a connection profile without its secrets, what its runs wait for, and their calls."""
    profile = shell.ask(
        lambda database: ProfileList(database, shell.settings.keyring()).get(shell.tenant, name)
    )
    lines = pairs(_facts(profile))
    if profile.calls.runs:
        lines += [Text(), *table(_CALLS, profile.calls.runs, shell.out.width)]
    shell.show(profile, *lines)


def _calls(calls: ProfileCallsView) -> str:
    if not calls.runs:
        return "none now"
    return f"{number(calls.in_hand)} in hand, {number(calls.waiting)} waiting"


def _facts(profile: ProfileView) -> list[tuple[str, object]]:
    away, retry = profile.breaker, profile.retry
    return [
        ("name", profile.name),
        ("connector", profile.connector),
        ("status", _status(profile)),
        ("waits", _waiting(profile)),
        ("next test", away and moment(away.probe_at)),
        ("max concurrent", number(profile.max_concurrent)),
        ("calls", _calls(profile.calls)),
        ("rate", f"{profile.rate:g} calls a second" if profile.rate else None),
        ("retries", f"{retry.retries}, after {retry.base:g} to {retry.cap:g} s"),
        ("used by", ", ".join(profile.used_by) or None),
        ("changed", moment(profile.changed_at)),
    ]
