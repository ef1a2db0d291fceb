"""Ports of the embedded servers: fixed, remembered with the data, below the ephemeral range.

The system hands ports from 32768 up to clients; a server there may find its own port taken by a
client's connection after a restart.
"""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown
from syncline.embedded.errors import EmbeddedServerError

HIGHEST = 32767
_ROWS = range(10_000, 20_000)
_SINGLES = range(20_000, 24_000)
"""Apart from the rows: else a server that starts first may take a port out of one. What people and
tests choose by themselves above is not taken from them before they listen there."""
_FILE = "ports.json"
_LISTEN = "0A"  # the state column of /proc/net/tcp


class DevPorts(NamedTuple):
    """Where `syncline dev` listens: console and API at `http`, health servers from `health` up."""

    kafka: int = 19092
    postgres: int = 15432
    health: int = 18080
    http: int = 18000


def setting(name: str) -> str:
    """Return the environment variable that sets the port called `name` in DevPorts."""
    return f"SYNCLINE_DEV_{name.upper()}_PORT"


def dev_ports(folder: Path, environ: Mapping[str, str]) -> DevPorts:
    """Decide the ports of the data folder: environment, else as last time, else the defaults.

    The decision is written into the folder, so that a restart listens where the last start did.

    Raises:
        InvalidInputError: a setting is no port; all mistakes are named at once.
        EmbeddedServerError: the folder cannot be written.
    """
    remembered = _remembered(folder)
    texts = {name: environ.get(setting(name)) for name in DevPorts._fields}
    texts["http"] = texts["http"] or environ.get("SYNCLINE_HTTP_PORT")  # the gateway's own setting
    wrong = [name for name, text in texts.items() if text is not None and not _is_port(text)]
    if wrong:
        right = f"must be a port from 1024 to {HIGHEST}, not"
        raise InvalidInputError(
            [Problem(setting(name), f"{right} {shown(texts[name])}") for name in wrong]
        )
    chosen = {name: int(text) for name, text in texts.items() if text is not None}
    ports = DevPorts(**(remembered | chosen))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _FILE).write_text(json.dumps(ports._asdict()) + "\n")
    except OSError as error:
        raise EmbeddedServerError(
            f"{folder} cannot be written ({error.strerror}): make it yours, or run `syncline dev` "
            "in a folder of yours"
        ) from error
    return ports


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on now, below the ephemeral range."""
    for port in random.sample(_SINGLES, 200):
        if is_free(port):
            return port
    raise EmbeddedServerError(f"no free port found between {_SINGLES[0]} and {_SINGLES[-1]}")


def free_ports(count: int) -> range:
    """Return ports in a row of 127.0.0.1 that nothing listens on now."""
    for first in random.sample(_ROWS[: len(_ROWS) - count + 1], 200):
        ports = range(first, first + count)
        if all(map(is_free, ports)):
            return ports
    raise EmbeddedServerError(f"no {count} free ports found between {_ROWS[0]} and {_ROWS[-1]}")


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:  # the answer is No
            return False
        return True


def require_free(port: int, server: str, change: str) -> None:
    """Raise EmbeddedServerError for a busy port: who holds it, and the setting that moves us."""
    if is_free(port):
        return
    holder = _holder(port)
    raise EmbeddedServerError(
        f"port {port} for {server} is in use by {holder}: stop it, or set {change} to a free port"
    )


def _remembered(folder: Path) -> dict[str, int]:
    try:
        stored = json.loads((folder / _FILE).read_text())
        return {name: int(stored[name]) for name in DevPorts._fields if name in stored}
    except (OSError, ValueError, TypeError):  # nothing to remember: free ports are looked for
        return {}


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and 1024 <= int(text) <= HIGHEST


def _holder(port: int) -> str:
    """Name the listening process; only Linux tells, and only about processes we may look into."""
    inodes = _listening_inodes(port)
    for process in Path("/proc").glob("[0-9]*") if inodes else ():
        with suppress(OSError):  # gone meanwhile, or not ours to look into
            if any(str(fd.readlink()) in inodes for fd in (process / "fd").iterdir()):
                return f"PID {process.name} ({(process / 'comm').read_text().strip()})"
    return "another process"


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with suppress(OSError):  # no Linux: the holder stays "another process"
            for line in table.read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTEN and int(columns[1].rpartition(":")[2], 16) == port:
                    found.add(f"socket:[{columns[9]}]")
    return found
