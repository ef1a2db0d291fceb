"""What HANA's types are to Syncline, and how their values are read and made."""

from __future__ import annotations

import re

from syncline.connectors.dbapi.kinds import Kind
from syncline.connectors.dbapi.session import Description
from syncline.connectors.dbapi.shape import Dialect

TOKENS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|:=|:(?P<name>[A-Za-z_]\w*)|(?P<end>;)",
    re.DOTALL,
)
"""What may hide a name or a semicolon, and these two."""
LOBS = frozenset({"25", "26", "27", "51", "52", "53"})
"""Numbers of types whose values may come as objects of the driver."""
_SECOND = "YYYY-MM-DD HH24:MI:SS"
_BY_NUMBER = {
    **dict.fromkeys(("1", "2", "3", "4"), Kind.WHOLE),
    **dict.fromkeys(("5", "47"), Kind.NUMBER),
    "6": Kind.REAL,
    "7": Kind.DOUBLE,
    **dict.fromkeys(("8", "9", "10", "11", "29", "30", "52", "55"), Kind.TEXT),
    **dict.fromkeys(("12", "13", "33"), Kind.RAW),
    **dict.fromkeys(("14", "63"), Kind.DATE),
    **dict.fromkeys(("15", "64"), Kind.TIME),
    **dict.fromkeys(("16", "61"), Kind.MOMENT),
    "62": Kind.SECOND,
    **dict.fromkeys(("25", "26", "51"), Kind.LONG_TEXT),
    **dict.fromkeys(("27", "53"), Kind.LONG_RAW),
    "28": Kind.BOOLEAN,
}
"""By the numbers of HANA's protocol, which the driver gives."""


def kind_of(column: Description) -> Kind:
    """Return the kind of a column of a result."""
    return _BY_NUMBER.get(column.type, Kind.OTHER)


DIALECT = Dialect(
    system="HANA",
    tokens=TOKENS,
    kind_of=kind_of,
    forms={
        Kind.DATE: "to_varchar({}, 'YYYY-MM-DD')",
        Kind.TIME: "to_varchar({}, 'HH24:MI:SS')",
        Kind.SECOND: f"to_varchar({{}}, '{_SECOND}')",
        Kind.MOMENT: f"to_varchar({{}}, '{_SECOND}.FF7')",
        Kind.RAW: "bintohex({})",
    },
    makes={
        Kind.DATE: "to_date({}, 'YYYY-MM-DD')",
        Kind.TIME: "to_time({}, 'HH24:MI:SS')",
        Kind.SECOND: f"to_seconddate({{}}, '{_SECOND}')",
        Kind.MOMENT: f"to_timestamp(left({{}}, 27), '{_SECOND}.FF7')",
        Kind.RAW: "hextobin({})",
    },
    size="length({})",
    most_listed=10_000,
)
"""HANA's times have seven places of a second, two fewer than what is bound."""
