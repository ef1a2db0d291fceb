"""Where files may lie: under a profile's folder, which lies under one that its tenant may use.

The tenant `default` may use the operator's folders, all but `tenants` in them; any other tenant
`tenants/TENANT` in them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import AfterValidator, Field

from syncline.connectors.errors import refusal
from syncline.connectors.facts import Surroundings
from syncline.domain.access import DEFAULT_TENANT
from syncline.domain.errors import RetriableError

MAX_NAME = 255


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("must be an absolute path, such as /data/erp")
    return path


AbsolutePath = Annotated[
    str,
    AfterValidator(_absolute),
    Field(
        description="Absolute path, in a folder that the operator allows.",
        json_schema_extra={"pattern": "^/"},
    ),
]
"""A setting that says where a folder or a file lies."""
SETTING = "SYNCLINE_FILES_ROOTS"
_OF_TENANTS = "tenants"


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the system's errors into the port's: rights need a person, a full disk may pass."""
    try:
        yield
    except (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError) as error:
        raise refusal("file_unusable", f"{error.filename}: {error.strerror}") from error
    except OSError as error:
        message = f"{error.filename or 'file'}: {error.strerror or error}"
        raise RetriableError(message, code="file_unavailable") from error


def folders_of(tenant: str, roots: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the folders that a tenant may use, and those in them that are closed to it."""
    shared = tuple(f"{root.rstrip('/')}/{_OF_TENANTS}" for root in roots)
    if tenant == DEFAULT_TENANT:
        return tuple(roots), shared
    return tuple(f"{folder}/{tenant}" for folder in shared), ()


class Folder:
    """A profile's folder; its `path` must be, or lie in, one that its tenant may use."""

    def __init__(self, path: str, surroundings: Surroundings) -> None:
        self._path = path
        self._allowed = surroundings.folders
        self._closed = surroundings.closed_folders

    def root(self) -> Path:
        """Return the folder itself. Raises ConnectorError: it is not allowed, or not there."""
        root = Path(self._path).resolve()
        roots = [Path(allowed).resolve() for allowed in self._allowed]
        if not any(root.is_relative_to(allowed) for allowed in roots) or self._is_closed(root):
            known = ", ".join(self._allowed) or "none"
            message = (
                f"folder {self._path!r} is not allowed; allowed: {known} (the operator sets "
                f"{SETTING})"
            )
            raise refusal("path_not_allowed", message)
        if not root.is_dir():
            raise refusal("no_folder", f"there is no folder {self._path!r}")
        return root

    def within(self, name: str) -> Path:
        """Return a file's path (it may not exist yet). Raises ConnectorError: it leads out."""
        _check(name)
        root = self.root()
        try:
            path = (root / name).resolve()
        except RuntimeError as error:  # links in a circle
            raise refusal("path_not_allowed", f"{name!r} is a link to itself") from error
        if not path.is_relative_to(root):
            raise refusal("path_not_allowed", f"{name!r} leads out of the folder {self._path!r}")
        if self._is_closed(path):
            raise refusal("path_not_allowed", f"{name!r} lies in a folder of other tenants")
        return path

    def _is_closed(self, path: Path) -> bool:
        """Tell whether a path without links lies in another tenant's folder, wherever that is."""
        for closed in map(Path, self._closed):
            own = closed.iterdir() if closed.is_dir() else ()
            if any(path.is_relative_to(folder.resolve()) for folder in (closed, *own)):
                return True
        return False

    def names(self, limit: int) -> list[str]:
        """Return the names of up to `limit` files in it, hidden ones and links left out."""
        with translated_errors(), os.scandir(self.root()) as entries:
            files = (e.name for e in entries if e.is_file(follow_symlinks=False))
            return sorted(islice((name for name in files if not name.startswith(".")), limit))

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading. Raises ConnectorError: not there, not allowed, no plain file."""
        path = self.within(name)
        with translated_errors():
            if not path.exists():
                raise refusal("no_file", f"there is no file {name!r} in {self._path!r}")
            return open_regular(path, os.O_RDONLY)


def open_regular(path: Path, flags: int) -> BinaryIO:
    """Open an ordinary file, never what a link or a device stands for."""
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise refusal("path_not_allowed", f"{path.name!r} is no ordinary file")
    return os.fdopen(handle, "rb" if flags == os.O_RDONLY else "r+b")


def _check(name: str) -> None:
    parts = name.split("/")
    if not name or name.startswith("/") or "\\" in name or ".." in parts or "://" in name:
        message = f"{name!r} must be a name in the profile's folder, without `..`, `\\` or a scheme"
        raise refusal("path_not_allowed", message)
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise refusal("path_not_allowed", f"{name!r} holds a control character")
    if any(len(part.encode(errors="replace")) > MAX_NAME for part in parts):
        raise refusal("path_not_allowed", f"{name[:60]!r}… is longer than {MAX_NAME} bytes")
