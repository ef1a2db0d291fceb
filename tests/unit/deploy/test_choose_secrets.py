"""The secrets of a Compose installation: given, kept, made up, or asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dotenv import dotenv_values

from syncline.security.secrets import Keyring, generate_key

SCRIPT = Path(__file__).parents[3] / "deploy" / "choose_secrets.py"


def choose(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SCRIPT), str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def test_without_any_it_makes_random_ones_and_keeps_them(tmp_path: Path) -> None:
    first = choose(tmp_path)
    assert first.returncode == 0
    assert "SYNCLINE_SECRET_KEYS was not given" in first.stderr
    made = dotenv_values(tmp_path / "env")
    Keyring.parse(made["SYNCLINE_SECRET_KEYS"] or "")
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600

    assert choose(tmp_path).returncode == 0
    assert dotenv_values(tmp_path / "env") == made


def test_what_is_given_wins_and_may_hold_any_character(tmp_path: Path) -> None:
    key, signing, password = generate_key(), generate_key(), "p@ss:w/ö$rd %"
    keys = {"SYNCLINE_SECRET_KEYS": key, "SYNCLINE_MESSAGE_KEYS": signing}
    done = choose(tmp_path, **keys, POSTGRES_PASSWORD=password)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "postgres-password").read_text() == password
    dsn = "postgresql://syncline:p%40ss%3Aw%2F%C3%B6%24rd%20%25@postgres:5432/syncline"
    assert dotenv_values(tmp_path / "env") == {"SYNCLINE_POSTGRES_DSN": dsn, **keys}


def test_a_password_that_changes_is_told_to_be_the_databases_business(tmp_path: Path) -> None:
    key = generate_key()
    choose(tmp_path, SYNCLINE_SECRET_KEYS=key, POSTGRES_PASSWORD="one")
    assert "alter role syncline password" in choose(tmp_path, POSTGRES_PASSWORD="two").stderr


def test_in_production_nothing_is_made_up(tmp_path: Path) -> None:
    done = choose(tmp_path, SYNCLINE_PRODUCTION="1", SYNCLINE_SECRET_KEYS=generate_key())
    assert done.returncode == 1
    missing = "SYNCLINE_MESSAGE_KEYS and POSTGRES_PASSWORD"
    assert done.stderr.startswith(
        f"SYNCLINE_PRODUCTION is set, so nothing starts without {missing}: give it"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    done = choose(tmp_path, SYNCLINE_SECRET_KEYS="abc", POSTGRES_PASSWORD="x")
    assert done.returncode == 1
    assert "key 1 of SYNCLINE_SECRET_KEYS is not `id:base64`" in done.stderr
    assert list(tmp_path.iterdir()) == []
