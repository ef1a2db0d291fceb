"""Lists as tables that fit their terminal. Pure.

What is least needed goes first where the width is short; then long texts lose their ends. Into a
file or pipe nothing is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from syncline.cli.program.texts import moment

GAP = 2
_SHORTEST = 12


class Column(NamedTuple):
    """A column of a list.

    Attributes:
        cell: an attribute of the thing that is listed, or a function of it; without one, the
            attribute that the title names.
        right: numbers stand to the right.
        rank: 0 always stays; of the others the highest goes first.
        cut: it may lose the ends of its texts.
        styles: cell text -> style.
    """

    title: str
    cell: str | Callable[[Any], object] = ""
    right: bool = False
    rank: int = 0
    cut: bool = False
    styles: dict[str, str] = {}  # noqa: RUF012 - a value of a tuple

    def text(self, listed: object) -> str:
        """Return the cell of one thing; `-` where there is nothing."""
        if callable(self.cell):
            value = self.cell(listed)
        else:
            value = getattr(listed, self.cell or self.title.lower().replace(" ", "_"))
        if isinstance(value, datetime):
            value = moment(value)
        return "-" if value is None or value == "" else printable(" ".join(str(value).split()))


def table(columns: Sequence[Column], listed: Sequence[object], width: int) -> list[Text]:
    """Lay out a row for each thing that is listed, in so many cells of the terminal."""
    texts = [[column.text(one) for column in columns] for one in listed]
    kept = _kept(columns, texts, width)
    widths = {place: _widest(columns[place], texts, place) for place in kept}
    spare = width - sum(widths.values()) - GAP * (len(kept) - 1)
    for place in (p for p in kept if columns[p].cut and spare < 0):
        shorter = max(widths[place] + spare, min(_SHORTEST, widths[place]))
        spare += widths[place] - shorter
        widths[place] = shorter
    lines = [_line([_cell(columns[p], columns[p].title, widths[p], "bold") for p in kept])]
    for row in texts:
        styled = [(p, columns[p].styles.get(row[p], "")) for p in kept]
        lines.append(_line([_cell(columns[p], row[p], widths[p], style) for p, style in styled]))
    return lines


def _kept(columns: Sequence[Column], texts: list[list[str]], width: int) -> list[int]:
    kept = list(range(len(columns)))
    while _needed(columns, texts, kept) > width:
        optional = [place for place in kept if columns[place].rank]
        if not optional:
            break
        kept.remove(max(optional, key=lambda place: columns[place].rank))
    return kept


def _needed(columns: Sequence[Column], texts: list[list[str]], kept: list[int]) -> int:
    """Return the least width: texts that may be cut count with what must stay of them."""
    whole = {p: _widest(columns[p], texts, p) for p in kept}
    least = [min(w, 3 * _SHORTEST) if columns[p].cut else w for p, w in whole.items()]
    return sum(least) + GAP * (len(kept) - 1)


def _widest(column: Column, texts: list[list[str]], place: int) -> int:
    return max([cell_len(column.title), *(cell_len(row[place]) for row in texts)])


def _cell(column: Column, text: str, width: int, style: str) -> Text:
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1) + "…"
    space = " " * (width - cell_len(text))
    return Text(space + text if column.right else text + space, style)


def _line(cells: list[Text]) -> Text:
    line = Text(" " * GAP).join(cells)
    line.rstrip()
    return line


def printable(text: str) -> str:
    """Show text in which a terminal finds nothing to obey."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def pairs(items: Sequence[tuple[str, object]]) -> list[Text]:
    """Lay out names and values under each other; what has no value is left out."""
    shown = [
        (name, printable(str(value))) for name, value in items if value not in (None, "", [], {})
    ]
    width = max((len(name) for name, _ in shown), default=0)
    return [Text.assemble((f"{name:{width}}  ", "dim"), value) for name, value in shown]
