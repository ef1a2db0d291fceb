"""Which system account a server runs as, and whether that account can reach a folder.

PostgreSQL refuses to run as root; everybody else runs it as themselves.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

from syncline.embedded.errors import EmbeddedServerError


class ProcessIdentity(TypedDict, total=False):
    """Of a process, as `subprocess` takes it."""

    user: int
    group: int
    extra_groups: list[int]


class Account(NamedTuple):
    """A system account by its numbers, as `subprocess` takes them."""

    uid: int
    gid: int
    name: str


def unprivileged(data: Path) -> Account | None:
    """Return the account to run as when we are root, or None to stay who we are.

    The owner of existing data keeps it; new data goes to `postgres` if there is one, else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return _by_uid(owner)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:  # no such account here: the next one, or the error below
            continue
        return Account(entry.pw_uid, entry.pw_gid, name)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root and there is no user 'nobody': run as an ordinary user"
    )


def can_reach(account: Account | None, path: Path) -> bool:
    """Tell whether the account may enter or read the path; asks the system, so ACLs count."""
    if account is None:
        return os.access(path, os.R_OK | os.X_OK)
    test = ["/usr/bin/env", "test", "-r", str(path), "-a", "-x", str(path)]
    return run_as(account, test).returncode == 0


def run_as(
    account: Account | None,
    command: Sequence[str],
    env: Mapping[str, str] = os.environ,
    text: str | None = None,
    cwd: Path = Path("/"),
) -> subprocess.CompletedProcess[str]:
    """Run a short command as the account, with `text` as its input. Raises EmbeddedServerError."""
    try:
        return subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            input=text,
            cwd=cwd,
            env=env,
            **identity(account),
        )
    except OSError as error:
        raise EmbeddedServerError(f"{command[0]} cannot be started: {error.strerror}") from error


def identity(account: Account | None) -> ProcessIdentity:
    """Return what makes `subprocess` run a program as the account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def give(account: Account | None, path: Path) -> None:
    """Make the account the owner of one file or folder."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _by_uid(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:  # an account without a name has its number
        return Account(uid, uid, str(uid))
    return Account(uid, entry.pw_gid, entry.pw_name)
