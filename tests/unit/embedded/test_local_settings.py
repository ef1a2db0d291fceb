from __future__ import annotations

from pathlib import Path
from stat import S_IMODE

import pytest

from syncline.bootstrap.settings_sources import load_settings
from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.local_settings import given, own_settings, write


@pytest.mark.parametrize("name", ["plain", "with space", "größer, #1", 'a"b', "$HOME", "back\\s"])
def test_any_folder_is_read_back_from_the_file(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    write(folder / "env", own_settings(folder))
    settings = load_settings(folder / "env")
    assert settings.files_roots == str(folder / "files")
    assert settings.secret_keys_file == folder / "secret-keys"
    settings.keyring()
    assert S_IMODE((folder / "env").stat().st_mode) == 0o600


def test_a_folder_that_the_file_cannot_hold_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "it's"
    folder.mkdir()
    with pytest.raises(EmbeddedServerError, match="holds a quote"):
        write(folder / "env", own_settings(folder))


def test_the_key_is_made_once(tmp_path: Path) -> None:
    own_settings(tmp_path)
    first = (tmp_path / "secret-keys").read_text()
    own_settings(tmp_path)
    assert (tmp_path / "secret-keys").read_text() == first


def test_given_settings_count_for_every_command_but_not_those_of_one_process() -> None:
    environ = {
        "SYNCLINE_KAFKA_PREFIX": "mine.", "SYNCLINE_HEALTH_PORT": "1", "SYNCLINE_CACHE": "x",
    }  # fmt: skip
    assert given(environ) == {"SYNCLINE_KAFKA_PREFIX": "mine."}
