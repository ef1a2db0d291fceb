"""Reading values of any JSON type as one of ours, or saying why that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any

import msgspec

from syncline.domain.mapping.document import FieldType

MAX_DIGITS = 1000
_TRUE = frozenset({"true", "1", "y", "yes"})
_FALSE = frozenset({"false", "0", "n", "no"})
_encode = msgspec.json.Encoder(decimal_format="number").encode


class ValueRefusedError(ValueError):
    """A value that cannot be taken; the message names it and what would be right."""


def shown(value: object) -> str:
    """Show a value in a message: at most 80 characters, on one line."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def plain_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return text for any value: true/false, plain decimals, compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    return _encode(value).decode()


def to_string(value: Any) -> str:  # noqa: ANN401
    """Return text without what no database or JSON reader takes."""
    if type(value) is str and value.isascii() and "\0" not in value:
        return value
    text = plain_text(value)
    if "\0" in text:
        raise ValueRefusedError(f"holds a NUL character: {shown(text)}")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueRefusedError(f"holds half of a surrogate pair: {ascii(text)[:80]}")
    return text


def to_decimal(value: Any) -> Decimal:  # noqa: ANN401
    """Return a finite decimal with all its digits; texts are trimmed."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueRefusedError(f"must be a number, not {shown(value)}")
    if isinstance(value, str) and len(value) > MAX_DIGITS:
        raise ValueRefusedError(f"has {len(value)} characters, a number may have {MAX_DIGITS}")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else str(value))
    except InvalidOperation:
        raise ValueRefusedError(f"must be a number such as 12.50, not {shown(value)}") from None
    if not number.is_finite():
        raise ValueRefusedError(f"must be a finite number, not {shown(value)}")
    if abs(number.adjusted()) > MAX_DIGITS:
        raise ValueRefusedError(f"is out of range: {shown(value)}")
    return number


def to_int(value: Any) -> int:  # noqa: ANN401
    """Return a whole number; a fraction is refused."""
    if type(value) is int:
        return value
    number = to_decimal(value)
    if number != number.to_integral_value():
        raise ValueRefusedError(f"must be a whole number, not {shown(value)}")
    return int(number)


def truncated(value: Any) -> int:  # noqa: ANN401
    """Return a number without its fraction, towards zero."""
    return int(to_decimal(value))


def rounded(value: Any, decimals: int) -> Decimal:  # noqa: ANN401
    """Round half up, in decimal arithmetic."""
    with localcontext() as context:
        context.prec = 2 * MAX_DIGITS + 20
        return to_decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def to_bool(value: Any) -> bool:  # noqa: ANN401
    """Return a boolean of what plainly is one."""
    if isinstance(value, bool):
        return value
    word = plain_text(value).strip().lower() if isinstance(value, str | int) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueRefusedError(f"must be true/false, 1/0, Y/N or yes/no, not {shown(value)}")


def to_date(value: Any) -> str:  # noqa: ANN401
    """Return `yyyy-MM-dd`; takes ISO-8601 or yyyyMMdd."""
    return parse_time(value).date().isoformat()


def to_datetime(value: Any) -> str:  # noqa: ANN401
    """Return ISO-8601 text with everything the value had: zone and microseconds are kept."""
    return parse_time(value).isoformat()


def parse_time(value: Any) -> datetime:  # noqa: ANN401
    """Read ISO-8601 or yyyyMMdd, as text or number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueRefusedError(
            f"must be a date such as 2026-01-31 or 20260131, not {shown(value)}"
        )
    text = str(value).strip()
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueRefusedError(
            f"must be a date such as 2026-01-31 or 20260131, not {shown(value)}"
        ) from None


def to_object(value: Any) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise ValueRefusedError(f"must be an object, not {shown(value)}")
    return value


def to_array(value: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise ValueRefusedError(f"must be an array, not {shown(value)}")
    return value


CONVERTERS: dict[FieldType, Callable[[Any], Any]] = {
    FieldType.STRING: to_string,
    FieldType.INT: to_int,
    FieldType.DECIMAL: to_decimal,
    FieldType.BOOL: to_bool,
    FieldType.DATE: to_date,
    FieldType.DATETIME: to_datetime,
    FieldType.OBJECT: to_object,
    FieldType.ARRAY: to_array,
}
