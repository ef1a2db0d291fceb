"""`syncline doctor`: is everything there that a run needs? One line a check, and what to do."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from syncline.cli.doctor.answers import Checked, Level
from syncline.cli.doctor.checks import Checker
from syncline.cli.program.app import FAILED, OK
from syncline.cli.program.shell import Shell
from syncline.cli.program.texts import plural

_NO_PROFILES = typer.Option("--no-profiles", help="Leave out the test of every profile.")
_NO_AUDIT = typer.Option("--no-audit", help="Leave out the audit of every run.")
_MARKS = {Level.OK: ("ok  ", "green"), Level.WARN: ("warn", "yellow"), Level.FAIL: ("FAIL", "red")}


def doctor(
    shell: Shell,
    no_profiles: Annotated[bool, _NO_PROFILES] = False,
    no_audit: Annotated[bool, _NO_AUDIT] = False,
) -> int:
    """Check settings, Kafka, topics, PostgreSQL, schema, keys, profiles, services and runs.

    Exit code 1 when something fails; a warning is no failure.
    """
    checks = shell.run(_check(shell, profiles=not no_profiles, audit=not no_audit))
    failed = sum(check.level is Level.FAIL for check in checks)
    warned = sum(check.level is Level.WARN for check in checks)
    found = [plural(n, word) for n, word in ((failed, "failure"), (warned, "warning")) if n]
    if shell.json:
        shell.show({"checks": checks, "failed": failed})
    else:
        shell.note("\n" + (", ".join(found) or "everything is there"))
    return FAILED if failed else OK


async def _check(shell: Shell, *, profiles: bool, audit: bool) -> list[Checked]:
    checks = []
    async for check in Checker(shell).everything(profiles=profiles, audit=audit):
        checks.append(check)
        if not shell.json:  # each as it comes: one that waits for a time-out holds up nobody
            for line in _lines(check):
                shell.show(check, line)
    return checks


def _lines(check: Checked) -> list[Text]:
    mark, style = _MARKS[check.level]
    lines = [Text.assemble((mark, style), f"  {check.name:22} {check.message}")]
    if check.hint:
        lines.append(Text(f"      {'':22} -> {check.hint}"))
    return lines
