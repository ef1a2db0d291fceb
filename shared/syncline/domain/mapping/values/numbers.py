"""Reading numbers exactly: every digit is kept, and what has too many of them is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import (
    ROUND_HALF_UP,
    Clamped,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.naming import shown
from syncline.domain.record import Value

MAX_DIGITS = 1000
MAX_PLACES = 10
_BOUND = 10**MAX_DIGITS
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
LIMITS = Context(
    prec=MAX_DIGITS,
    Emin=-MAX_DIGITS,
    Emax=MAX_DIGITS,
    traps=[Inexact, Overflow, Subnormal, Clamped, InvalidOperation],
)
WIDE = Context(prec=2 * MAX_DIGITS + 20)
PLACES = [Decimal(1).scaleb(-places) for places in range(MAX_PLACES + 1)]


def to_decimal(value: Value) -> Decimal:
    """Return a number with all its digits. Raises ValueRefusedError: none, or over 1,000 digits."""
    number = value if type(value) is Decimal else _decimal_of(value)
    if not number.is_finite():
        raise ValueRefusedError(f"must be a finite number, not {shown(value)}")
    try:
        LIMITS.plus(number)
    except DecimalException:
        raise _too_long(value) from None
    return number


def _decimal_of(value: Value) -> Decimal:
    kind = type(value)
    if kind is int:
        return Decimal(value)
    text = value.strip() if kind is str else repr(value) if kind is float else ""
    if len(text) > MAX_DIGITS:
        raise _too_long(value)
    if _NUMBER.fullmatch(text) is None:
        raise ValueRefusedError(f"must be a number such as 12.50, not {shown(value)}")
    return Decimal(text)


_GROUPING = {" ": "[ \u00a0\u2009\u202f]", "'": "['\u2019]", ".": r"\.", ",": ","}
"""Signs between thousands, and what is written for each: every kind of blank, both apostrophes."""


def compile_number(decimal: str, thousands: str | None) -> Callable[[str], Decimal]:
    """Return a function that reads numbers as one country writes them, such as `1.234,50`.

    Strictly: thousands stand in threes or not at all, a sign leads or is a minus at the end, and
    whatever else is there (a currency, brackets, an exponent) is refused. Blanks around it do not
    count.

    Raises:
        ValueError: the two signs are one, or of none that numbers are written with.
    """
    if decimal not in (".", ","):
        raise ValueError("must be `.` or `,`")
    if thousands is not None and (thousands not in _GROUPING or thousands == decimal):
        raise ValueError("must be one of `.`, `,`, a blank and `'`, and not the decimal sign")
    between = None if thousands is None else _GROUPING[thousands]
    grouped = (
        ""
        if between is None
        else f"[0-9]{{1,3}}(?P<between>{between})[0-9]{{3}}(?:(?P=between)[0-9]{{3}})*|"
    )
    form = re.compile(
        rf"(?P<sign>[+\-\u2212]?)(?P<whole>{grouped}[0-9]*)"
        rf"(?:{re.escape(decimal)}(?P<part>[0-9]+))?(?P<end>-?)"
    )
    sample = f"1{thousands or ''}234{decimal}50"

    def read(text: str) -> Decimal:
        found = form.fullmatch(text.strip())
        digits = "" if found is None else "".join(filter(str.isdigit, found["whole"]))
        if found is None or not (digits or found["part"]) or (found["sign"] and found["end"]):
            raise ValueRefusedError(f"must be a number such as {sample}, not {shown(text)}")
        sign = "-" if found["end"] or found["sign"] in ("-", "\u2212") else ""
        return to_decimal(
            f"{sign}{digits or '0'}.{found['part'] or '0'}" if found["part"] else f"{sign}{digits}"
        )

    return read


def _too_long(value: object) -> ValueRefusedError:
    return ValueRefusedError(f"must be a number of at most {MAX_DIGITS} digits, not {shown(value)}")


def to_int(value: Value) -> int:
    """Return a whole number of up to 1,000 digits; 12.0 is 12, any other fraction is refused."""
    if type(value) is int:
        if -_BOUND < value < _BOUND:
            return value
        raise _too_long(value)
    number = to_decimal(value)
    whole = int(number)
    if whole != number:
        raise ValueRefusedError(f"must be a whole number, not {shown(value)}")
    return whole


def truncated(value: Value) -> int:
    """Return a number without its fraction, towards zero."""
    return int(to_decimal(value))


def rounded(value: Value, places: int) -> Decimal:
    """Round half up (away from zero) to 0-10 places; a zero has no sign."""
    number = to_decimal(value).quantize(PLACES[places], ROUND_HALF_UP, WIDE)
    return number if number else abs(number)
