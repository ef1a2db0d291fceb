"""docs/settings.md, made from the settings: `python -m syncline.bootstrap.settings_page`."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from syncline.bootstrap.settings import Settings
from syncline.bootstrap.settings_sources import OTHER_VARIABLES

_HEAD = """# Settings

Made from `shared/syncline/bootstrap/settings.py` by `python -m syncline.bootstrap.settings_page`.

Every setting is an environment variable, or a line in the file that `SYNCLINE_CONFIG_FILE` names.
A variable that is empty is unset: the file or the default counts. A wrong value is named, with what
would be right, before anything starts (exit code 2).

| Variable | Default | Meaning |
|---|---|---|
"""
_OTHERS = """
Variables that are no settings of a service:

| Variable | Meaning |
|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    others = [f"| `{name}` | {meaning} |" for name, meaning in OTHER_VARIABLES.items()]
    return _HEAD + "\n".join(rows) + "\n" + _OTHERS + "\n".join(others) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    value = field.default
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    default = f"`{plain}`" if plain not in (None, "") else ""
    meaning = " ".join(str(field.description).split())
    return f"| `SYNCLINE_{name.upper()}` | {default} | {meaning} |"


if __name__ == "__main__":
    Path("docs/settings.md").write_text(page())
