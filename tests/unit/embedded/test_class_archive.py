from __future__ import annotations

from pathlib import Path

import pytest

from syncline.embedded.class_archive import archive_options
from syncline.embedded.errors import EmbeddedServerError

_DUMP = """#!/bin/sh
for a; do case $a in -XX:SharedArchiveFile=*) echo classes > "${a#*=}";; esac; done
"""


class Trained:
    """Counts how often Kafka was started."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self, folder: Path, option: str) -> None:
        self.times += 1


def java_home(folder: Path, program: str, build: str = "25.0.2") -> list[str]:
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "release").write_text(build)
    (folder / "bin/java").write_text(program)
    (folder / "bin/java").chmod(0o755)
    return [str(folder / "bin/java"), "-XX:+UseSerialGC"]


def found(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    folder = tmp_path / "jars"
    folder.mkdir()
    return folder


async def test_an_archive_is_made_once_for_each_build_of_java(tmp_path: Path, jars: Path) -> None:
    train, java = Trained(), java_home(tmp_path / "java", _DUMP)
    first = await archive_options(jars, java, train)
    assert await archive_options(jars, java, train) == first
    assert train.times == 1
    assert first[0].startswith(f"-XX:SharedArchiveFile={jars}/classes-")

    newer = java_home(tmp_path / "java", _DUMP, build="25.0.3")
    assert await archive_options(jars, newer, train) != first
    assert train.times == 2
    assert sorted(path.suffix for path in found(jars)) == [".jsa", ".jsa", ".lock", ".lock"]


async def test_a_java_that_can_make_none_is_asked_once(tmp_path: Path, jars: Path) -> None:
    train, java = Trained(), java_home(tmp_path / "java", "#!/bin/sh\nexit 1\n")
    assert await archive_options(jars, java, train) == []
    assert await archive_options(jars, java, train) == []
    assert train.times == 1


async def test_a_kafka_that_does_not_start_is_left_to_who_starts_it_next(
    tmp_path: Path, jars: Path
) -> None:
    async def fail(folder: Path, option: str) -> None:
        raise EmbeddedServerError("Kafka ended while starting")

    java = java_home(tmp_path / "java", _DUMP)
    assert await archive_options(jars, java, fail) == []
    assert await archive_options(jars, java, Trained()) != []


async def test_without_the_mark_of_a_build_there_is_no_archive(tmp_path: Path, jars: Path) -> None:
    java = java_home(tmp_path / "java", _DUMP)
    (tmp_path / "java/release").unlink()
    assert await archive_options(jars, java, Trained()) == []
