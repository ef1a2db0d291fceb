"""`syncline run`, `migrate` and `version`: for those who deploy."""

from __future__ import annotations

import importlib
from importlib.metadata import version as installed
from typing import Annotated

import typer

from syncline.bootstrap.services import SERVICES
from syncline.cli.program.app import without_tenant
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.texts import plural
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import hint, shown

_SERVICE = typer.Argument(metavar="SERVICE", help=f"One of {', '.join(SERVICES)}.")


@without_tenant
def run(shell: Shell, service: Annotated[str, _SERVICE]) -> None:
    """Run one service until it is told to stop; it logs JSON lines to standard error."""
    if service not in SERVICES:
        message = f"unknown service {shown(service)}{hint(service, SERVICES)}"
        raise InvalidInputError([Problem("SERVICE", message)])
    importlib.import_module(f"syncline_{service}.main").main(shell.settings)


@without_tenant
def migrate(shell: Shell) -> None:
    """Bring the database to this release's schema; safe to call again."""
    from syncline.postgres.database.migration import migrate as apply_migrations  # noqa: PLC0415
    from syncline.postgres.database.service_roles import grant_to_services  # noqa: PLC0415

    dsn, roles = shell.settings.postgres_dsn.get_secret_value(), shell.settings.postgres_roles
    names = shell.run(apply_migrations(dsn))
    missing = shell.run(grant_to_services(dsn, roles)) if roles else []
    lines = [f"applied {name}" for name in names] or ["the schema is up to date"]
    shell.show({"applied": names, "missingRoles": missing}, *lines)
    if missing:
        shell.note(
            f"this user may not make {plural(len(missing), 'role')}: {', '.join(missing)}; let an "
            f"administrator run what `{own_name()} database roles` prints"
        )


@without_tenant
def version(shell: Shell) -> None:
    """Print the version."""
    number = installed("syncline")
    shell.show({"version": number}, f"syncline {number}")
