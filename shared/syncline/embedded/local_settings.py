"""The file with the settings of a local installation, and the keys of its secrets and messages.

All are for their owner alone: the file holds the database's password.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from syncline.bootstrap.settings import Settings
from syncline.embedded.errors import EmbeddedServerError
from syncline.security.secrets import generate_key

_OURS_ALONE = ("SYNCLINE_HEALTH_PORT", "SYNCLINE_HEALTH_HOST")
"""Settings of one process, which the others must not share."""


def own_settings(
    folder: Path, postgres: int | None = None, health: Sequence[int] = ()
) -> dict[str, str]:
    """Return what the installation in a folder needs besides its servers; makes what is missing.

    Args:
        postgres: port of its own PostgreSQL, where people have databases to sync as well.
        health: ports of its services, which no connector may call.
    """
    files = folder / "files"
    files.mkdir(exist_ok=True)
    return {
        "SYNCLINE_SECRET_KEYS_FILE": str(_key_file(folder / "secret-keys")),
        "SYNCLINE_MESSAGE_KEYS_FILE": str(_key_file(folder / "message-keys")),
        "SYNCLINE_OUTBOUND_ALLOW": ",".join(["127.0.0.0/8", "::1", *_here([postgres])]),
        "SYNCLINE_OUTBOUND_DENY": ",".join(_here(health)),
        "SYNCLINE_FILES_ROOTS": str(files),
    }


def _here(ports: Iterable[int | None]) -> list[str]:
    return [f"127.0.0.1:{port}" for port in ports if port is not None]


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the environment: they count for every command in the folder."""
    known = {f"SYNCLINE_{name.upper()}" for name in Settings.model_fields}
    return {n: environ[n] for n in sorted(known - {*_OURS_ALONE}) if n in environ}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write the settings, readable for their owner alone."""
    lines = [f"{name}={_quoted(name, value)}\n" for name, value in values.items()]
    head = "# Written by `syncline dev` at each start; commands in this folder read it.\n"
    _write_private(path, head + "".join(lines))


def _key_file(path: Path) -> Path:
    """Return the file of a key; the key is made once and kept, or what it made is lost."""
    if not path.exists():
        _write_private(path, generate_key() + "\n")
    return path


def _quoted(name: str, value: str) -> str:
    if "'" in value or "\n" in value or "${" in value:
        raise EmbeddedServerError(
            f"{name}={value!r} holds a quote, a line end or ${{: choose another folder or value"
        )
    return f"'{value}'"


def _write_private(path: Path, text: str) -> None:
    made = path.with_name(f"{path.name}.new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    made.replace(path)
