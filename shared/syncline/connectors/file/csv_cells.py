r"""Cells as values: blanks around them, escapes, and the cell that stands for null.

Databases write null as `\N`, in a dialect in which a backslash takes the meaning from what follows
it. So `\N` is told from the text `\N` (written `\\N`) before the escapes are taken out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from syncline.connectors.file.settings import InSettings

DATABASE_NULL = "\\N"
NULL_MARKER = (
    "the cell of {} holds `\\N`, which databases write for null: say `options.null: '\\N'`, or "
    "`options.null: ''` if it is text here and null is an empty cell"
)
_HELD = "\ufdd0"
"""Stands for an escaped null while a row is taken apart: Unicode keeps it out of texts."""


class Cells:
    """How the cells of one file become values: `are_plain` where nothing has to be done.

    A line is rewritten by `prepared`, if that is not None, before it is taken apart.
    """

    def __init__(self, said: InSettings, delimiter: str) -> None:
        self._said = said
        self._null = said.null
        self._suspect = DATABASE_NULL if said.null is None else None
        self._held = ""
        self.prepared: Callable[[str], str] | None = None
        escaped = f"{said.escape}N" if said.null is None else said.null
        if said.escape and escaped.startswith(said.escape):
            self._null = None if said.null is None else _HELD
            self._suspect = None if self._suspect is None else _HELD
            self._held = escaped.removeprefix(said.escape)
            self.prepared = _holding(delimiter, escaped)
        self.are_plain = said.null is None and not said.trim and self.prepared is None

    def values(self, row: Sequence[str]) -> list[str | None]:
        """Return the values of a row's cells."""
        cells = [cell.strip() for cell in row] if self._said.trim else row
        if self.are_plain:
            return list(cells)
        return [None if cell == self._null else cell.replace(_HELD, self._held) for cell in cells]

    def unsaid_null(self, row: Sequence[str]) -> int | None:
        """Return the place of a cell that looks like a database's null where nobody said so."""
        return row.index(self._suspect) if self._suspect in row else None

    def hint(self, line: str) -> str:
        """Say what would read a broken line, if it looks like a dialect."""
        escaped = self._said.escape is None and '\\"' in line
        return ", or escaped by a backslash: then say `options.escape: '\\'`" if escaped else ""


def _holding(delimiter: str, null: str) -> Callable[[str], str]:
    """Return a function that puts a placeholder into the cells of a line that mean null."""
    cut, word = re.escape(delimiter), re.escape(null)
    cell = re.compile(rf"(^|(?<={cut})){word}(?=$|{cut}|\r|\n)")
    return lambda line: cell.sub(_HELD, line)
