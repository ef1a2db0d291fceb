"""Finding and reading the files that a person names."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from syncline.domain.record import JsonObject
from syncline.resources.mistakes import InvalidFilesError, Mistake
from syncline.resources.yaml_core import ParsedDocument, YamlError

_ENDINGS = {".yaml", ".yml", ".json"}


def texts(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield name and text of files, of the files in folders, and of `-`, standard input.

    Raises:
        InvalidFilesError: one cannot be read.
    """
    for path in paths:
        if path == "-":
            yield "standard input", sys.stdin.read()
            continue
        for file in _files(Path(path)):
            yield str(file), _text(file)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError:  # refused below, by its name
        reason = "is not UTF-8 text"
    raise InvalidFilesError([Mistake(str(file), None, "the file", "$", reason)])


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [file for file in sorted(path.rglob("*")) if file.suffix in _ENDINGS]
    return [f for f in found if not any(part.startswith(".") for part in f.relative_to(path).parts)]


def parse_json(text: str) -> list[ParsedDocument]:
    """Read one JSON document or a list of them. Raises YamlError."""
    try:
        decoded = json.loads(text, object_pairs_hook=_no_doubles)
    except json.JSONDecodeError as error:
        raise YamlError(f"no JSON: {error.msg}", error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise YamlError(f"no JSON: {error}") from None
    return [ParsedDocument(d, {}) for d in (decoded if isinstance(decoded, list) else [decoded])]


def _no_doubles(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key `{doubled}` stands twice")
    return found
