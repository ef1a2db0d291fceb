"""`syncline database`: what an administrator of PostgreSQL does for an installation."""

from __future__ import annotations

import typer

from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell
from syncline.domain.errors import InvalidInputError, Problem
from syncline.postgres.database.service_roles import statements

commands = Commands("Print what an administrator of PostgreSQL runs.")


@commands.add("roles", tenant=False)
def roles(shell: Shell) -> None:
    """Print the SQL that makes a role for each service, with the rights that it needs."""
    pattern = shell.settings.postgres_roles
    if not pattern:
        message = "is not set: it names the roles, for example `syncline_SERVICE`"
        raise InvalidInputError([Problem("SYNCLINE_POSTGRES_ROLES", message)])
    lines = list(statements(pattern))
    if shell.json:
        shell.show({"statements": lines})
    else:
        typer.echo("\n".join(lines))
