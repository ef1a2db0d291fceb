"""Writes the secrets of a Compose installation: those that were given, random ones otherwise.

`choose_secrets.py FOLDER`, run by `secrets` of docker-compose.yml. What was made once stays. With
SYNCLINE_PRODUCTION nothing is made up: what is missing is named, and nothing starts.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from syncline.security.message_keys import MessageKeys
from syncline.security.secrets import Keyring, SecretsError, generate_key

KEYS, MESSAGE_KEYS, PASSWORD = "SYNCLINE_SECRET_KEYS", "SYNCLINE_MESSAGE_KEYS", "POSTGRES_PASSWORD"


def main(folder: Path) -> str | None:
    """Write the files; return what is wrong."""
    missing = [name for name in (KEYS, MESSAGE_KEYS, PASSWORD) if not os.environ.get(name)]
    if missing and os.environ.get("SYNCLINE_PRODUCTION"):
        return (
            f"SYNCLINE_PRODUCTION is set, so nothing starts without {' and '.join(missing)}: give "
            "it in the environment or in .env (`syncline secrets generate-key` makes a key)"
        )
    keys = ",".join(_chosen(KEYS, folder / "keys", generate_key).split())
    message_keys = ",".join(_chosen(MESSAGE_KEYS, folder / "message-keys", generate_key).split())
    password = _chosen(PASSWORD, folder / "postgres-password", secrets.token_urlsafe)
    try:
        Keyring.parse(keys)
        MessageKeys.parse(message_keys)
    except SecretsError as error:
        return str(error)
    dsn = f"postgresql://syncline:{quote(password, safe='')}@postgres:5432/syncline"
    _write(folder / "keys", keys)
    _write(folder / "message-keys", message_keys)
    settings = {"SYNCLINE_POSTGRES_DSN": dsn, KEYS: keys, MESSAGE_KEYS: message_keys}
    lines = [f"{name}={value}\n" for name, value in settings.items()]
    _write(folder / "env", "".join(lines))
    _write(folder / "postgres-password", password, mode=0o644)  # PostgreSQL is another user
    for name in missing:
        _say(f"{name} was not given: a random one is kept in the volume `secrets`, for a trial")
    return None


def _chosen(name: str, kept: Path, make: Callable[[], str]) -> str:
    """Return what was given, else what was made before, else something new."""
    given = os.environ.get(name)
    before = kept.read_text() if kept.exists() else None
    if name == PASSWORD and given and before not in (None, given):
        _say(
            f"{PASSWORD} changed: PostgreSQL keeps the old one until `alter role syncline password`"
        )
    return given or before or make()


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    new = path.with_suffix(".new")
    new.touch(mode=mode)
    new.write_text(text)
    new.chmod(mode)
    new.replace(path)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
