"""`syncline hooks`: list, show, enable, disable, give a secret, look at what was received."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.tables import Column, pairs, table
from syncline.cli.program.texts import label, moment, number
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown
from syncline.postgres.database.database import Database
from syncline.postgres.database.sorts import ListPart
from syncline.postgres.hooks.hook_list import HookDeliveryView, HookList, HookView
from syncline.resources.edits import Edit, switch

commands = Commands("List hooks, switch them, give secrets, look at what was received.")
MOST = 1000
"""Hooks that are listed."""
_NAME = typer.Argument(metavar="HOOK", help="Name of the hook.")
_DELIVERY = typer.Argument(metavar="DELIVERY", help="ID of the delivery, as `hooks show` has it.")
_LIMIT = typer.Option("--limit", metavar="NUMBER", min=1, max=2**31 - 2, help="Deliveries shown.")
_FROM_ENV = typer.Option(
    "--from-env", metavar="NAME", help="Variable with the secret that the system made."
)
_STYLES = {
    "Enabled": "green",
    "Disabled": "red",
    "No Secret": "yellow",
    "Dependency Inactive": "yellow",
}
_COLUMNS = (
    Column("hook", "name", cut=True),
    Column("instance", cut=True),
    Column("entity type"),
    Column("sender", lambda hook: str(hook.signature.scheme), rank=2),
    Column("status", lambda hook: label(hook.status), styles=_STYLES),
    Column("last received", "received_at", rank=1),
    Column("path", rank=3),
)


def _result(delivery: HookDeliveryView) -> str:
    parts = [f"{number(delivery.waiting)} waiting"] if delivery.waiting else []
    parts += [f"{run.state} {run.correlation_id}" for run in delivery.runs]
    return delivery.ignored or ", ".join(parts)


_DELIVERIES = (
    Column("delivery", "id"),
    Column("received", "received_at"),
    Column("records", lambda one: ", ".join(one.source_ids) or number(one.records), cut=True),
    Column("bytes", lambda one: number(one.size), right=True, rank=2),
    Column("came of it", _result, cut=True, rank=1),
)


@commands.add("list")
def list_(shell: Shell) -> None:
    """List the hooks by name."""
    part = ListPart(limit=MOST + 1)
    found = shell.ask(lambda database: HookList(database).page(shell.tenant, part))
    none = f"no hooks; `{own_name()} apply -f` stores documents of kind Hook"
    shell.show_list(found, _COLUMNS, none, limit=MOST)


@commands.add("show")
def show(shell: Shell, hook: Annotated[str, _NAME], limit: Annotated[int, _LIMIT] = 10) -> None:
    """Show a hook, its address, and what it received last."""

    async def read(database: Database) -> tuple[HookView, Sequence[HookDeliveryView]]:
        hooks = HookList(database)
        view = await hooks.get(shell.tenant, hook)
        return view, await hooks.deliveries(shell.tenant, hook, limit)

    view, deliveries = shell.ask(read)
    facts = pairs(
        [
            ("hook", view.name),
            ("syncs", f"{view.instance} {view.entity_type}"),
            ("status", _status(view)),
            ("address", f"{shell.settings.console_url().rstrip('/')}{view.path}"),
            ("sender", str(view.signature.scheme)),
            ("source IDs", view.source_ids),
            ("secret given", moment(view.rotated_at)),
            ("waiting", f"{number(view.waiting)} changes" if view.waiting else None),
            ("refused", _refused(view)),
        ]
    )
    document = {"hook": view, "deliveries": deliveries}
    shell.show(document, *facts, "", *table(_DELIVERIES, deliveries, shell.out.width))


def _status(view: HookView) -> str:
    why = f": {view.status_reason}" if view.status_reason else ""
    return label(view.status) + why


def _refused(view: HookView) -> str | None:
    return f"{moment(view.refused_at)}: {view.refused_why}" if view.refused_at else None


@commands.add("enable")
def enable(shell: Shell, hook: Annotated[str, _NAME]) -> None:
    """Let runs come of what a hook receives; what it received meanwhile stays undone."""
    _switch(shell, hook, enabled=True)


@commands.add("disable")
def disable(shell: Shell, hook: Annotated[str, _NAME]) -> None:
    """Let no run come of what a hook receives; its sender is answered as before."""
    _switch(shell, hook, enabled=False)


def _switch(shell: Shell, hook: str, *, enabled: bool) -> None:
    async def change() -> HookView:
        async with shell.configuration() as store:
            edit = Edit(shell.tenant, shell.actor, Kind.HOOK, hook)
            await switch(store, edit, enabled=enabled)
        async with shell.database() as database:
            return await HookList(database).get(shell.tenant, hook)

    view = shell.run(change())
    shell.show(view, f"hook {view.name}: {_status(view)}")


@commands.add("rotate-secret")
def rotate_secret(
    shell: Shell,
    hook: Annotated[str, _NAME],
    from_env: Annotated[str | None, _FROM_ENV] = None,
) -> None:
    """Give a hook its first or another secret and print it, once; for 24 hours both count."""
    from syncline.postgres.hooks.hook_secrets import HookSecrets  # noqa: PLC0415 - for one command

    given = None if from_env is None else os.environ.get(from_env)
    if from_env is not None and not given:
        raise InvalidInputError([Problem("--from-env", f"the variable {from_env!r} is not set")])
    keys = shell.settings.keyring()
    secret = shell.ask(
        lambda database: HookSecrets(database, keys).rotate(shell.tenant, shell.actor, hook, given)
    )
    shell.show({"secret": secret}, secret)
    shell.note("this is the only time the secret is shown; one from before counts for 24 hours too")


@commands.add("body")
def body(shell: Shell, hook: Annotated[str, _NAME], delivery: Annotated[str, _DELIVERY]) -> None:
    """Print what a hook received, as it came; it is kept for a day, and each look is audited."""
    try:
        id_ = str(UUID(delivery))
    except ValueError:
        raise InvalidInputError([Problem("DELIVERY", f"{shown(delivery)} is not an ID")]) from None
    found = shell.ask(
        lambda database: HookList(database).body(shell.tenant, hook, id_, shell.actor)
    )
    text = found.decode(errors="replace")
    shell.show({"body": text}, text)
