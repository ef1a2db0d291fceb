"""`syncline users`: people who may sign in to the console."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell
from syncline.cli.program.tables import Column
from syncline.domain.access import Role, RoleName
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.access.users import UserChange, Users, UserView, insert_user
from syncline.postgres.database.database import Database

commands = Commands("Add, list and disable people; let them choose passwords.")
_NAME = typer.Argument(metavar="NAME", help="What they sign in with.")
_ROLE = typer.Option("--role", metavar="ROLE", help="runner, user or platform_admin.")
_TENANTS = typer.Option("--tenants", metavar="A,B", help="Where a runner or user may work.")
_UNDO = typer.Option("--undo", help="Let them in again.")
_PAYLOADS = typer.Option(
    "--payloads/--no-payloads", help="They see what records hold; by default all but runners do."
)
_NO_MORE = typer.Option("--undo", help="They see them no more.")
_REVOKE_KEYS = typer.Option("--revoke-keys", help="Revoke the API keys that they made, too.")


def _status(user: UserView) -> str:
    if user.disabled:
        return "disabled"
    return "active" if user.has_password or user.signed_in_at else "invited"


_COLUMNS = (
    Column("name", cut=True),
    Column("role", lambda user: Role.of(user.role).title),
    Column("tenants", lambda user: ", ".join(user.tenants) or "everywhere", cut=True, rank=1),
    Column("status", _status),
    Column("payloads", lambda user: "yes" if user.sees_payloads else "no", rank=3),
    Column("last signed in", "signed_in_at", rank=2),
)


@commands.add("add", tenant=False)
def add(
    shell: Shell,
    name: Annotated[str, _NAME],
    role: Annotated[str, _ROLE] = "user",
    tenants: Annotated[str, _TENANTS] = "default",
    payloads: Annotated[bool | None, _PAYLOADS] = None,
) -> None:
    """Add a person, and print the one-time link at which they choose a password."""
    from syncline.actions.sign_in import password_link  # noqa: PLC0415 - for two commands only

    checked = checked_role(role)
    assigned = [] if checked == "platform_admin" else [t.strip() for t in tenants.split(",")]

    async def store(database: Database) -> tuple[UserView, str]:
        async with database.transaction() as connection:
            user = await insert_user(connection, name, checked, assigned, shell.actor, payloads)
        return user, await password_link(database, user.id, shell.actor)

    user, token = shell.ask(store)
    where = " and ".join(user.tenants) or "every tenant"
    link = _link(shell, token)
    shell.show(
        {"user": user, "link": link},
        f"{user.name} is a {Role.of(user.role).title} in {where}",
        f"they choose a password within 24 hours at {link}",
    )


@commands.add("list", tenant=False)
def list_(shell: Shell) -> None:
    """List everybody."""
    found = shell.ask(lambda database: Users(database).list())
    shell.show_list(found, _COLUMNS, "no users yet")


@commands.add("disable", tenant=False)
def disable(
    shell: Shell,
    name: Annotated[str, _NAME],
    undo: Annotated[bool, _UNDO] = False,
    revoke_keys: Annotated[bool, _REVOKE_KEYS] = False,
) -> None:
    """Sign a person out everywhere, and let them in no more."""
    change = UserChange(disabled=not undo, revoke_keys=revoke_keys)
    user = shell.ask(lambda database: Users(database).change(name, change, shell.actor))
    lines = [f"{user.name} {'may sign in again' if undo else 'is disabled'}"]
    if user.disabled and user.active_keys:
        lines.append(f"API keys that they made go on: {', '.join(user.active_keys)}")
        lines.append("revoke those with --revoke-keys, or one by one: syncline api-keys revoke")
    shell.show(user, *lines)


@commands.add("payloads", tenant=False)
def payloads(
    shell: Shell, name: Annotated[str, _NAME], undo: Annotated[bool, _NO_MORE] = False
) -> None:
    """Let a person see what records hold: payloads of dead letters, passports, dry runs."""
    change = UserChange(sees_payloads=not undo)
    user = shell.ask(lambda database: Users(database).change(name, change, shell.actor))
    shell.show(user, f"{user.name} sees {'no payloads' if undo else 'payloads'}")


@commands.add("reset-link", tenant=False)
def reset_link(shell: Shell, name: Annotated[str, _NAME]) -> None:
    """Print a new one-time link at which a person chooses a password."""
    from syncline.actions.sign_in import password_link  # noqa: PLC0415 - for two commands only

    link = _link(shell, shell.ask(lambda database: password_link(database, name, shell.actor)))
    shell.show({"link": link}, f"within 24 hours, once: {link}")


def checked_role(role: str) -> RoleName:
    """Return a role that was typed. Raises InvalidInputError."""
    known: dict[str, RoleName] = {name: name for name in get_args(RoleName)}
    if role not in known:
        message = f"must be one of {', '.join(known)}, not {role!r}"
        raise InvalidInputError([Problem("--role", message)])
    return known[role]


def _link(shell: Shell, token: str) -> str:
    return f"{shell.settings.console_url()}/choose-password#{token}"
