"""`syncline api-keys`: what lets programs in."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.access.users import checked_role
from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column
from syncline.domain.access import Role
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.access.api_keys import ApiKeys, NewApiKey

commands = Commands("Create, list and revoke the API keys of programs.")
_NAME = typer.Argument(metavar="NAME", help="What the key is for.")
_KEY = typer.Argument(metavar="KEY", help="Its name, prefix or ID.")
_ROLE = typer.Option("--role", metavar="ROLE", help="runner, user or platform_admin.")
_DAYS = typer.Option("--days", metavar="NUMBER", help="Days until it expires; by default never.")
_PAYLOADS = typer.Option(
    "--payloads/--no-payloads", help="It sees what records hold; by default not a runner's."
)
_COLUMNS = (
    Column("name", cut=True),
    Column("prefix"),
    Column("role", lambda key: Role.of(key.role).title),
    Column("status"),
    Column("payloads", lambda key: "yes" if key.sees_payloads else "no", rank=5),
    Column("created", "created_at", rank=4),
    Column("by", "created_by", rank=3, cut=True),
    Column("last used", "used_at", rank=1),
    Column("expires", "expires_at", rank=2),
)


@commands.add("create")
def create(
    shell: Shell,
    name: Annotated[str, _NAME],
    role: Annotated[str, _ROLE] = "runner",
    days: Annotated[int | None, _DAYS] = None,
    payloads: Annotated[bool | None, _PAYLOADS] = None,
) -> None:
    """Make a key and print it, once."""
    from syncline.security.tokens import new_api_key  # noqa: PLC0415 - for one command only

    if days is not None and not 1 <= days <= 3650:
        message = f"must be a whole number from 1 to 3650, not {days}"
        raise InvalidInputError([Problem("--days", message)])
    wanted = NewApiKey(name, checked_role(role), days, payloads)
    key = new_api_key()
    stored = (key.prefix, key.hash)
    view = shell.ask(
        lambda database: ApiKeys(database).add(shell.tenant, wanted, stored, shell.actor)
    )
    shell.show({"key": key.text, "apiKey": view}, key.text)
    shell.note("this is the only time the key is shown; send it as `Authorization: ApiKey KEY`")


@commands.add("list")
def list_(shell: Shell) -> None:
    """List the tenant's keys, the newest first."""
    found = shell.ask(lambda database: ApiKeys(database).list(shell.tenant))
    shell.show_list(found, _COLUMNS, f"no API keys; `{own_name()} api-keys create NAME` makes one")


@commands.add("revoke")
def revoke(shell: Shell, key: Annotated[str, _KEY]) -> None:
    """Revoke a key: every gateway refuses it within 5 seconds."""
    view = shell.ask(lambda database: ApiKeys(database).revoke(shell.tenant, key, shell.actor))
    shell.show(view, f"{view.name} ({view.prefix}) is revoked")
