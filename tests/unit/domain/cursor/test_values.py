"""Cursor values: what they are read as, how they compare, and how a wrong one is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.cursor.values import (
    CursorFormat,
    UnreadableCursorError,
    is_later,
    keys_of,
    value_problem,
)
from syncline.domain.mapping.extraction import CursorType

TIME, DATE, ID, OFFSETS = CursorType
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])


@pytest.mark.parametrize(
    ("value", "than", "kind", "form"),
    [
        ("2026-05-01 09:00:00", "2026-05-01T08:00:00", TIME, None),
        ("20240502T101112Z", "20240502T101111Z", TIME, None),
        ("20240502", "20240501", DATE, None),
        (" 2026-05-02 ", "2026-05-01", DATE, None),
        ("infinity", "9999-12-31T23:59:59-05:00", TIME, None),
        ("0001-01-01T00:00:01+00:00", "-infinity", TIME, None),
        ("10000-01-01 00:00:00+00", "2026-01-01T00:00:00+02:00", TIME, None),
        ("0001-01-01T00:00:01", "0044-03-15 00:00:00 BC", TIME, None),
        ("02.11.2026 08:00", "28.10.2026 09:15", TIME, "dd.MM.yyyy HH:mm"),
        ("1764055900", "999999999", TIME, "epoch"),
        ("1764055900001", "1764055900000", TIME, "epochMillis"),
        ("100", "99", ID, None),
        ("1e2", "99", ID, None),
        ("NaN", "99", ID, None),
        ("Infinity", "9" * 300, ID, None),
        ("18446744073709551616", "18446744073709551615", ID, None),
        ("b", "a", ID, None),
        ('{"0":10,"1":2}', '{"0":9,"1":2}', OFFSETS, None),
        ('{"0":9,"1":0,"2":1}', '{"1":0,"0":9}', OFFSETS, None),
        ("507f1f77bcf86cd799439011", "507110779861234799439011", ID, None),
        ("what is no time", "2026-05-01", TIME, None),  # it is read, and then refused by name
        ("2026-05-01", "what is no time", TIME, None),
        ("2026-05-01T08:00:00", "2026-05-01T08:00:00Z", TIME, None),
    ],
)
def test_what_is_later(value: str, than: str, kind: CursorType, form: str | None) -> None:
    assert is_later(value, than, CursorFormat(kind, form))
    if than != "what is no time" and "no time" not in value and value[-1:] + than[-1:] != "0Z":
        assert not is_later(than, value, CursorFormat(kind, form))


@given(
    st.datetimes(timezones=ZONES), st.datetimes(timezones=ZONES), st.sampled_from("T "),
)  # fmt: skip
def test_times_compare_as_instants_whatever_their_zone(
    one: datetime, two: datetime, separator: str
) -> None:
    texts = one.isoformat(sep=separator), two.isoformat()
    assert is_later(*texts, CursorFormat(TIME)) == (one > two)


@given(st.integers(), st.integers())
def test_numbers_compare_as_numbers(one: int, two: int) -> None:
    assert is_later(str(one), str(two), CursorFormat(ID)) == (one > two)


@pytest.mark.parametrize(
    ("values", "kind", "place", "words"),
    [
        (["28.10.2026 09:15"], TIME, 0, "`cursorFormat: dd.MM.yyyy HH:mm` would fit"),
        (["04/05/2026 10:00"], TIME, 0, "`cursorFormat: dd/MM/yyyy HH:mm` or `cursorFormat: MM/dd"),
        (["20261028101112"], TIME, 0, "`cursorFormat: yyyyMMddHHmmss` would fit"),
        (["1.2.2026"], DATE, 0, "`cursorFormat: d.M.yyyy` would fit"),
        (["2026-05-01", "98"], TIME, 1, "numbers are compared with `cursorType: id`"),
        (["1764055900"], TIME, 0, "`cursorFormat: epoch`"),
        (["1712011512345"], TIME, 0, "`cursorFormat: epochMillis`"),
        (["2026-02-30"], DATE, 0, "set `cursorFormat` to"),
        ([""], TIME, 0, "not an ISO 8601 time"),
        (["2026-05-01T08:00:00Z", "2026-05-01 09:00:00"], TIME, 1, "no offset from UTC"),
        (["5", "a"], ID, 1, "no number"),
        (["a", "5"], ID, 0, "no number"),
        (['{"0":1}', '{"0":-1}'], OFFSETS, 1, 'such as {"0":1234,"1":987}'),
        (["17"], OFFSETS, 0, "'17' is no map of offsets"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    values: list[str], kind: CursorType, place: int, words: str
) -> None:
    with pytest.raises(UnreadableCursorError) as refused:
        keys_of(values, CursorFormat(kind))
    assert refused.value.place == place
    assert words in str(refused.value)


def test_values_must_be_of_the_kind_of_those_before_them() -> None:
    with pytest.raises(UnreadableCursorError):
        keys_of(["abc"], CursorFormat(ID), "7")
    with pytest.raises(UnreadableCursorError):
        keys_of(["2026-05-01"], CursorFormat(TIME), "2026-05-01T08:00:00Z")


def test_a_value_of_another_form_than_said_is_refused() -> None:
    with pytest.raises(UnreadableCursorError, match="does not fit `cursorFormat: dd"):
        keys_of(["2026-05-01"], CursorFormat(TIME, "dd.MM.yyyy"))


@given(st.text(max_size=40), st.sampled_from([TIME, DATE, ID, OFFSETS]))
def test_any_text_is_read_or_refused(text: str, kind: CursorType) -> None:
    try:
        (key,) = keys_of([text], CursorFormat(kind))
    except UnreadableCursorError:
        assert is_later(text, "2026-05-01", CursorFormat(kind)) == (text != "2026-05-01")
    else:
        assert key is not None


@pytest.mark.parametrize(
    ("value", "kind", "form", "problem"),
    [
        ("2026-05-01", TIME, None, None),
        ("28.10.2026 09:15", TIME, "dd.MM.yyyy HH:mm", None),
        ("2026-05-01", TIME, "dd.MM.yyyy", "must be a time such as dd.MM.yyyy, not '2026-05-01'"),
        ("5", TIME, None, "must be a time such as 2026-01-31T08:15:00, not '5'"),
        ("5", ID, None, None),
        (f'{{"{10**199}":1}}', OFFSETS, None, None),
        (
            "5",
            OFFSETS,
            None,
            """'5' is no map of offsets such as {"0":1234,"1":987}, """
            "by partition the offset of the next message",
        ),
        (" ", ID, None, "must be printable text of 1 to 200 characters"),
    ],
)
def test_what_a_person_may_set(
    value: str, kind: CursorType, form: str | None, problem: str | None
) -> None:
    assert value_problem(value, CursorFormat(kind, form)) == problem
