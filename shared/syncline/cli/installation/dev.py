"""`syncline dev`: Kafka, PostgreSQL and every service on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.table import Table

from syncline.bootstrap.settings import Settings
from syncline.bootstrap.settings_sources import (
    LOCAL_FILE,
    given,
    load_settings,
    unknown_variables,
)
from syncline.cli.installation.foreground import console_link, in_foreground
from syncline.cli.program.shell import Shell, own_name
from syncline.domain.record import JsonObject
from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.installation import POSTGRES, LocalInstallation, Plan
from syncline.embedded.ports import dev_ports
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.embedded.services import parse_scale

_FRESH = typer.Option("--fresh", help="Begin anew: first remove the data of this folder.")
_SCALE = typer.Option("--scale", metavar="SERVICE=NUMBER", help="Run more of a service.")
_ONLY = typer.Option(
    "--only", help="Start this alone, to save or restore its data: no migration, no service."
)
_DATA = typer.Option("--data", metavar="FOLDER", help="Where everything is kept.")


class Only(StrEnum):
    """What may be started alone."""

    POSTGRES = "postgres"


def dev(
    shell: Shell,
    scale: Annotated[list[str] | None, _SCALE] = None,
    data: Annotated[Path, _DATA] = LOCAL_FILE.parent,
    fresh: Annotated[bool, _FRESH] = False,
    only: Annotated[Only | None, _ONLY] = None,
) -> None:
    """Start Kafka, PostgreSQL and all services on this machine; Ctrl-C stops them.

    SYNCLINE_KAFKA_BOOTSTRAP and SYNCLINE_POSTGRES_DSN name servers to use instead of own ones.
    """
    folder = data.absolute()
    _check_environment(shell, folder)
    environ = given(os.environ)
    if only and (scale or fresh or POSTGRES in environ):
        raise EmbeddedServerError(
            "--only starts PostgreSQL of this folder with its data: leave out --scale, --fresh "
            f"and {POSTGRES}"
        )
    ports, numbers = dev_ports(folder, environ), parse_scale(scale or [])
    plan = Plan(folder, ports, numbers, environ, only_postgres=only is not None)
    installation = LocalInstallation(plan, shell.note)
    in_foreground(_run(shell, installation, fresh=fresh), installation, shell.note)


async def _run(shell: Shell, installation: LocalInstallation, *, fresh: bool) -> None:
    began = time.monotonic()
    await installation.start(fresh=fresh)
    seconds = time.monotonic() - began
    if installation.plan.only_postgres and (server := installation.postgres) is not None:
        shell.show(*_postgres_alone(installation, server))
        await installation.watch(shell.note)
    console = await console_link(installation)
    shell.show(_document(installation, seconds, console), *_lines(installation, seconds, console))
    has_screen = sys.platform == "darwin" or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()
    if shell.is_interactive and has_screen:  # not a browser within the terminal
        webbrowser.open(console)
    await installation.watch(shell.note)


def _postgres_alone(
    installation: LocalInstallation, server: EmbeddedPostgres
) -> tuple[JsonObject, str, str]:
    address, settings = _without_password(installation.settings), installation.env_file
    document: JsonObject = {
        "settings": str(settings),
        "address": address,
        "programs": str(server.programs),
        "log": str(server.log),
    }
    return (
        document,
        f"PostgreSQL runs alone at {address}; its password is in {settings}.",
        f"pg_dump, pg_restore and psql are in {server.programs}; Ctrl-C stops it.",
    )


def _check_environment(shell: Shell, folder: Path) -> None:
    """Refuse settings that are wrong before anything starts, and name those nothing reads."""
    named = given(os.environ).get("SYNCLINE_CONFIG_FILE")
    if named and Path(named).absolute() != folder / LOCAL_FILE.name:
        raise EmbeddedServerError(
            f"SYNCLINE_CONFIG_FILE names {named}, but `syncline dev` writes the settings itself: "
            "unset it, and set what differs as SYNCLINE_… variables"
        )
    for problem in unknown_variables(os.environ):
        shell.note(f"warning: SYNCLINE_{problem.path.upper()}: {problem.message}")
    load_settings(Path(os.devnull))


def _places(installation: LocalInstallation) -> Iterator[tuple[str, str, Path | None]]:
    """Yield name, address and log of everything."""
    kafka, postgres = installation.kafka, installation.postgres
    settings = installation.settings
    yield "kafka", settings.kafka_bootstrap, kafka.log if kafka else None
    yield "postgresql", _without_password(settings), postgres.log if postgres else None
    for service in installation.services:
        yield service.name, service.health, service.log


def _without_password(settings: Settings) -> str:
    """Return the database's address as it may be shown."""
    parts = urlsplit(settings.postgres_dsn.get_secret_value())
    user, at, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}"


def _document(installation: LocalInstallation, seconds: float, console: str) -> JsonObject:
    return {
        "folder": str(installation.plan.folder),
        "settings": str(installation.env_file),
        "console": installation.console,
        "signIn": console,
        "seconds": round(seconds, 1),
        "places": [
            {"name": name, "address": address, "log": str(log) if log else None}
            for name, address, log in _places(installation)
        ],
    }


def _lines(installation: LocalInstallation, seconds: float, console: str) -> list[object]:
    folder = installation.plan.folder
    table = Table("", "address", "log", box=None, pad_edge=False, header_style="bold")
    for name, address, log in _places(installation):
        table.add_row(name, address, str(log.relative_to(folder)) if log else "not ours")
    is_default = installation.env_file == LOCAL_FILE.absolute()
    prefix = "" if is_default else f"SYNCLINE_CONFIG_FILE='{installation.env_file}' "
    commands = ["apply -f FILE", "trigger INSTANCE ENTITY_TYPE", "runs list", "doctor"]
    return [
        "",
        table,
        "",
        f"Console, signed in by this address once: {console}",
        f"Syncline is ready after {seconds:.1f} s. Data and logs are in {folder}; "
        "Ctrl-C stops everything.",
        "Settings, with the database's password, are in its file `env`. Next, in this folder:",
        *(f"  {prefix}{own_name()} {command}" for command in commands),
    ]
