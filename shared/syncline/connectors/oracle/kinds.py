"""What Oracle's types are to Syncline, and how their values are read and made."""

from __future__ import annotations

import re

from syncline.connectors.dbapi.kinds import Kind
from syncline.connectors.dbapi.session import Description
from syncline.connectors.dbapi.shape import Dialect
from syncline.connectors.oracle.text import TOKENS

MOST_LISTED = 1000
"""Values in a list of `in (…)`; beyond it is ORA-01795."""
_SECOND = "SYYYY-MM-DD HH24:MI:SS"
_MOMENT = f"{_SECOND}.FF9"
_OFFSET = f"{_MOMENT} TZH:TZM"
_BY_NAME = {
    "VARCHAR": Kind.TEXT,
    "VARCHAR2": Kind.TEXT,
    "NVARCHAR": Kind.TEXT,
    "NVARCHAR2": Kind.TEXT,
    "CHAR": Kind.FIXED,
    "NCHAR": Kind.FIXED,
    "CLOB": Kind.LONG_TEXT,
    "NCLOB": Kind.LONG_TEXT,
    "FLOAT": Kind.NUMBER,
    "BINARY_FLOAT": Kind.REAL,
    "BINARY_DOUBLE": Kind.DOUBLE,
    "BOOLEAN": Kind.BOOLEAN,
    "RAW": Kind.RAW,
    "BLOB": Kind.LONG_RAW,
    "DATE": Kind.SECOND,
    "TIMESTAMP": Kind.MOMENT,
    "TIMESTAMP_TZ": Kind.OFFSET,
    "TIMESTAMP_LTZ": Kind.OFFSET,
    "TIMESTAMP WITH TIME ZONE": Kind.OFFSET,
    "TIMESTAMP WITH LOCAL TIME ZONE": Kind.OFFSET,
}
_PLACES = re.compile(r"\(\d+\)")


def kind_of_type(name: str, precision: int | None, scale: int | None) -> Kind:
    """Return the kind of a type, as the catalog or the driver (without `DB_TYPE_`) names it.

    A NUMBER of a precision and no places is whole; one that was declared without them is not.
    """
    if name == "NUMBER":
        return Kind.WHOLE if precision and scale == 0 else Kind.NUMBER
    return _BY_NAME.get(_PLACES.sub("", name), Kind.OTHER)


def kind_of(column: Description) -> Kind:
    """Return the kind of a column of a result."""
    return kind_of_type(column.type.removeprefix("DB_TYPE_"), column.precision, column.scale)


DIALECT = Dialect(
    system="Oracle",
    tokens=TOKENS,
    kind_of=kind_of,
    forms={
        Kind.SECOND: f"to_char({{}}, '{_SECOND}')",
        Kind.MOMENT: f"to_char({{}}, '{_MOMENT}')",
        Kind.OFFSET: f"to_char({{}}, '{_OFFSET}')",
        Kind.RAW: "rawtohex({})",
    },
    makes={
        Kind.SECOND: f"to_date({{}}, '{_SECOND}')",
        Kind.MOMENT: f"to_timestamp({{}}, '{_MOMENT}')",
        Kind.OFFSET: f"to_timestamp_tz({{}}, '{_OFFSET}')",
        Kind.RAW: "hextoraw({})",
    },
    size="dbms_lob.getlength({})",
    most_listed=MOST_LISTED,
)
