"""`syncline`: which command is in which module. One is imported only when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from typer.core import TyperCommand, TyperGroup
from typer.main import get_install_completion_arguments


class Entry(NamedTuple):
    """The module of a command (a function of its name) or of a group (its `commands`)."""

    module: str
    help: str


COMMANDS = {
    "dev": Entry("installation.dev", "Start Kafka, PostgreSQL and all services on this machine."),
    "demo": Entry("installation.demo", "Sync an ERP to a shop and a warehouse before your eyes."),
    "init": Entry("configuration.init", "Write a ready instance as files to begin with."),
    "apply": Entry("configuration.configuration", "Store the configuration that files hold."),
    "diff": Entry("configuration.configuration", "Show what `apply` would change."),
    "delete": Entry("configuration.configuration", "Delete what `apply` stores."),
    "export": Entry("configuration.configuration", "Write what is stored as files for `apply`."),
    "trigger": Entry("runs.trigger", "Sync an instance now, and watch it."),
    "runs": Entry("runs.runs", "List, show, watch, pause, resume and cancel runs."),
    "records": Entry("runs.records", "Find a record over all runs."),
    "dlq": Entry("dead_letters.dlq", "Look at failed records; replay, discard, restore them."),
    "erase": Entry("dead_letters.erase", "Erase what is stored of a record's contents."),
    "profiles": Entry("configuration.profiles", "Show profiles, and whether systems answer."),
    "cursors": Entry("configuration.cursors", "List, reset and set cursors."),
    "schedules": Entry("configuration.schedules", "List, preview, switch schedules; run one now."),
    "hooks": Entry("configuration.hooks", "List and switch hooks; secrets, what was received."),
    "audit": Entry("runs.audit", "Check that every record of runs came to one outcome."),
    "doctor": Entry("doctor.doctor", "Check settings, servers, profiles, services, runs."),
    "run": Entry("installation.services", "Run one service until it is told to stop."),
    "migrate": Entry("installation.services", "Bring the database to this release's schema."),
    "database": Entry("installation.database", "Print what an administrator of PostgreSQL runs."),
    "topics": Entry("installation.topics", "Create, list and tail topics."),
    "secrets": Entry("installation.secrets", "Make and change the keys that encrypt secrets."),
    "users": Entry("access.users", "Add, list and disable people; let them choose passwords."),
    "api-keys": Entry("access.api_keys", "Create, list and revoke the API keys of programs."),
    "version": Entry("installation.services", "Print the version."),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command. Raises SystemExit with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    program(given[0] if given else "").main(given, prog_name="syncline")


def program(called: str) -> TyperGroup:
    """Return the program. Only the called command is imported; the others are there to be listed.

    For the shell's completion all commands are imported.
    """
    completing = "_SYNCLINE_COMPLETE" in os.environ
    commands: dict[str, Any] = {
        name: _whole(name, entry.module)
        if completing or name == called
        else TyperCommand(name, help=entry.help)
        for name, entry in COMMANDS.items()
    }
    return TyperGroup(
        name="syncline",
        commands=commands,
        params=list(get_install_completion_arguments()),
        help="Moves business records between systems, over Kafka.",
        epilog="Exit codes: 0 succeeded, 1 failed, 2 wrong usage or input, 3 partial success.",
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _whole(name: str, module: str) -> TyperCommand | TyperGroup:
    from syncline.cli.program.app import command_of  # noqa: PLC0415 - only when one is called

    found = importlib.import_module(f"syncline.cli.{module}")
    if group := getattr(found, "commands", None):
        whole: TyperGroup = group.group(name)
        return whole
    return command_of(name, getattr(found, name))
