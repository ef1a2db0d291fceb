"""Where settings come from: the environment (`SYNCLINE_…`), then a file; an empty one is unset."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from syncline.bootstrap.settings import Settings
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import meant
from syncline.domain.record import JsonObject
from syncline.domain.validation_errors import words

LOCAL_FILE = Path(".syncline/env")
"""Written by `syncline dev`, so that commands in the same folder find its servers."""
OTHER_VARIABLES = {
    "SYNCLINE_CONFIG_FILE": "File with settings, one `SYNCLINE_NAME=value` a line, or YAML with "
    "`name: value`; the environment wins. Without it `.syncline/env` is read where it exists.",
    "SYNCLINE_TENANT": "Tenant that the commands work in; `default` otherwise.",
    "SYNCLINE_CACHE": "Folder for downloads of `syncline dev`; `~/.cache/syncline` otherwise.",
    "SYNCLINE_DEV_KAFKA_PORT": "Port of the Kafka that `syncline dev` starts.",
    "SYNCLINE_DEV_POSTGRES_PORT": "Port of the PostgreSQL that `syncline dev` starts.",
    "SYNCLINE_DEV_HTTP_PORT": "Port of the console and the API that `syncline dev` starts.",
    "SYNCLINE_DEV_HEALTH_PORT": "First health port of the services that `syncline dev` starts.",
}
"""Variables that are no settings of a service."""
PLACES = ("SYNCLINE_CONFIG_FILE", "SYNCLINE_POSTGRES_DSN", "SYNCLINE_KAFKA_BOOTSTRAP")
"""Variables each of which says where an installation is."""
_SECRET = {"POSTGRES_DSN", "KAFKA_PASSWORD", "SECRET_KEYS", "MESSAGE_KEYS", "SMTP_PASSWORD"}
_FILE = "SYNCLINE_CONFIG_FILE"


def load_settings(file: Path | None = None) -> Settings:
    """Read the settings of the environment, then of `file` or SYNCLINE_CONFIG_FILE's file.

    Raises InvalidInputError, which names every setting with a wrong value, and a missing file.
    """
    named = None if file else given(os.environ).get(_FILE)
    path = file or (Path(named) if named else LOCAL_FILE)
    if named and not path.is_file():
        what = "is a folder" if path.is_dir() else "is not there"
        raise _wrong(_FILE, f"names {named[:200]}, which {what}")
    try:
        settings = _read(path)
    except ValidationError as error:
        raise InvalidInputError([_problem(details) for details in error.errors()]) from None
    except OSError as error:
        raise _wrong(_FILE, f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _wrong(_FILE, f"{path} is not UTF-8 text") from None
    if problems := list(_together(settings)):
        raise InvalidInputError(problems)
    return settings


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without variables of ours that are empty: they are as good as none."""
    return {n: v for n, v in environ.items() if v.strip() or not n.startswith("SYNCLINE_")}


def installation_here(environ: Mapping[str, str], folder: Path) -> bool:
    """Tell whether anything says where an installation is: a variable, or the folder's own file."""
    return any(name in given(environ) for name in PLACES) or (folder / LOCAL_FILE).is_file()


def unknown_variables(environ: Mapping[str, str]) -> list[Problem]:
    """Name variables that begin with SYNCLINE_ and that nothing reads: likely misspelt."""
    known = {f"SYNCLINE_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES.keys()
    return [
        _unknown(name.removeprefix("SYNCLINE_").lower())
        for name in sorted(environ)
        if name.startswith("SYNCLINE_") and name not in known
    ]


def _read(path: Path) -> Settings:
    if path.suffix in (".yaml", ".yml"):
        return Settings(_env_file=None, **_from_yaml(path))
    return Settings(_env_file=path if path.is_file() else None, _env_file_encoding="utf-8")


def _problem(details: ErrorDetails) -> Problem:
    name = "_".join(str(part) for part in details["loc"][:1]).upper()
    return Problem(f"SYNCLINE_{name}", words(details, secret=name in _SECRET))


def _together(settings: Settings) -> Iterator[Problem]:
    """Name what is missing beside another setting."""
    security = settings.kafka_security
    for name in ("kafka_username", "kafka_password") if security.startswith("SASL") else ():
        if getattr(settings, name) is None:
            yield Problem(f"SYNCLINE_{name.upper()}", f"is required with {security}")
    pair = ("kafka_cert_file", "kafka_key_file")
    for name, other in (pair, pair[::-1]):
        if getattr(settings, name) is None and getattr(settings, other) is not None:
            message = f"is required with SYNCLINE_{other.upper()}"
            yield Problem(f"SYNCLINE_{name.upper()}", message)


def _from_yaml(path: Path) -> JsonObject:
    """Read `kafka_bootstrap: …` or `kafka: {bootstrap: …}`; the environment wins."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise _wrong(_FILE, f"{path} is no YAML: {said}") from None
    if not isinstance(content, dict):
        raise _wrong(_FILE, f"{path} must hold `setting: value` lines")
    values = dict(_flat(content))
    unknown = [_unknown(name) for name in values if name not in Settings.model_fields]
    if unknown:
        raise InvalidInputError(unknown)
    set_ = given(os.environ)
    return {n: v for n, v in values.items() if f"SYNCLINE_{n.upper()}" not in set_}


def _flat(content: Mapping[object, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}_")
        else:
            yield f"{prefix}{name}".lower().removeprefix("syncline_"), value


def _unknown(name: str) -> Problem:
    return Problem(name, f"unknown setting{meant(name, Settings.model_fields)}")


def _wrong(name: str, message: str) -> InvalidInputError:
    return InvalidInputError([Problem(name, message)])
