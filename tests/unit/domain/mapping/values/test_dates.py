from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.dates import (
    compile_format,
    compile_parser,
    parse_time,
    to_date,
    to_datetime,
)

EAST = timezone(timedelta(hours=5, minutes=30))
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 89012, EAST)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-01-31", "2026-01-31T00:00:00"),
        (20260131, "2026-01-31T00:00:00"),
        ("20260131", "2026-01-31T00:00:00"),
        (" 2026-01-31T10:11:12Z ", "2026-01-31T10:11:12+00:00"),
        ("2026-01-31 10:11:12.123456-03:30", "2026-01-31T10:11:12.123456-03:30"),
        ("2026-01-31T10:11:12.1234567", "2026-01-31T10:11:12.123456"),
        ("20260131T101112", "2026-01-31T10:11:12"),
    ],
)
def test_to_datetime_keeps_offset_and_microseconds(value: Any, text: str) -> None:
    assert to_datetime(value) == text


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0000-00-00",
        "2026-02-29",
        "2026-01-31T24:00:00",
        "1/2/03",
        "31.01.2026",
        "1769817600000",
        1769817600000,
        2026,
        "2026",
        True,
        None,
        1.5,
        [],
        "2026-01-31x10:00",
        "2026-01-31\ud80010:00",
    ],
)
def test_dates_are_never_guessed(value: Any) -> None:
    for read in (to_date, to_datetime, parse_time):
        with pytest.raises(ValueRefusedError, match="must be a date such as") as refused:
            read(value)
        assert refused.value.code == "invalid_date"


@pytest.mark.parametrize(
    "value", ["2026-01-31", 20260131, "20260131", "2026-01-31T23:59:59-11:00", "2026-W05-6"]
)
def test_to_date_keeps_the_day_of_the_value(value: Any) -> None:
    assert to_date(value) == "2026-01-31"


@given(st.datetimes(timezones=st.sampled_from([None, UTC, EAST])))
def test_to_datetime_reads_what_it_wrote(moment: datetime) -> None:
    text = to_datetime(moment.isoformat())
    assert datetime.fromisoformat(text) == moment
    assert to_datetime(text) == text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd", "2026-03-04"),
        ("yyyyMMddHHmmss", "20260304050607"),
        ("d.M.yy H:m:s", "4.3.26 5:6:7"),
        ("HH:mm:ss.fff", "05:06:07.089"),
        ("ss.ffffff", "07.089012"),
        ("yyyy-MM-dd'T'HH:mm:sszzz", "2026-03-04T05:06:07+05:30"),
        ("HHZ", "05+05:30"),
        ("yyyy", "2026"),
        ("'day' dd 'o''clock' 100%", "day 04 o'clock 100%"),
        ("''", ""),
        ("'%s %(x)s {0.__class__}'", "%s %(x)s {0.__class__}"),
        ("", ""),
    ],
)
def test_format_writes(pattern: str, text: str) -> None:
    assert compile_format(pattern)(MOMENT) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), "Z +00:00"),
        (datetime(2026, 1, 1, tzinfo=UTC), "Z +00:00"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30))), "-03:30 -03:30"),
    ],
)
def test_format_counts_no_offset_as_utc(moment: datetime, text: str) -> None:
    assert compile_format("Z zzz")(moment) == text


@pytest.mark.parametrize(
    "pattern", ["DD.MM.yyyy", "yyyyy", "hh:mm", "yyyy-MM-ddTHH", "'open", "MMM", "f"]
)
def test_format_refuses_what_means_nothing(pattern: str) -> None:
    with pytest.raises(ValueError, match="is no date format at"):
        compile_format(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "iso"),
    [
        ("dd.MM.yyyy", "28.10.2026", "2026-10-28T00:00:00"),
        ("dd.MM.yyyy HH:mm", " 28.10.2026 09:15 ", "2026-10-28T09:15:00"),
        ("MM/dd/yyyy", "02/01/2026", "2026-02-01T00:00:00"),
        ("d.M.yy", "1.2.26", "2026-02-01T00:00:00"),
        ("d.M.yy", "01.12.69", "1969-12-01T00:00:00"),
        ("dd.MM.yy", "01.12.68", "2068-12-01T00:00:00"),
        ("yyyyMMddHHmmss", "20260131101112", "2026-01-31T10:11:12"),
        ("ddMMyyyy", "29022024", "2024-02-29T00:00:00"),
        ("yyyyMMdd HH:mm:ss.fffZ", "20260131 10:11:12.007Z", "2026-01-31T10:11:12.007000+00:00"),
        ("dd.MM.yy 'yyyy fff'", "28.10.26 yyyy fff", "2026-10-28T00:00:00"),
        ("yyyy/M/d H:m:szzz", "2026/1/31 1:2:3-03:30", "2026-01-31T01:02:03-03:30"),
        ("dd.MM.yyyy 'um' HH 'Uhr'", "28.10.2026 um 09 Uhr", "2026-10-28T09:00:00"),
        ("ss.ffffff mm HH dd MM yyyy", "07.089012 06 05 04 03 2026", "2026-03-04T05:06:07.089012"),
    ],
)  # fmt: skip
def test_a_form_is_read(pattern: str, text: str, iso: str) -> None:
    assert compile_parser(pattern)(text).isoformat() == iso


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("dd.MM.yyyy", "2026-10-28"),
        ("dd.MM.yyyy", "1.2.2026"),
        ("dd.MM.yyyy", "29.02.2026"),
        ("dd.MM.yyyy", "28.10.26"),
        ("dd.MM.yyyy", "28.10.2026 09:15"),
        ("dd.MM.yyyy", "28.10.0000"),
        ("dd.MM.yyyy", "٢٨.10.2026"),
        ("dd.MM.yyyy", ""),
        ("MM/dd/yyyy", "28/10/2026"),
        ("dd.MM.yyyy HH:mm", "28.10.2026 24:00"),
        ("dd.MM.yyyy HH:mm", "28.10.2026  09:15"),
        ("yyyy-MM-dd HH:mmzzz", "2026-01-31 10:00+99:00"),
        ("d.M.yyyy", "001.2.2026"),
    ],
)
def test_what_is_not_of_the_form_is_refused(pattern: str, text: str) -> None:
    with pytest.raises(ValueRefusedError, match="must be a date of the form") as refused:
        compile_parser(pattern)(text)
    assert refused.value.code == "invalid_date"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "says no year"),
        ("HH:mm", "says no year"),
        ("MM/yyyy", "says no day"),
        ("dd.dd.MM.yyyy", "says the day twice"),
        ("dd.MM.yyyy yy", "says the year twice"),
        ("dd.MM.yyyy mm", "says the minute and not the hour"),
        ("dd.MM.yyyy HH:ss", "says the second and not the minute"),
        ("dMyyyy", "`d` has no end before `M`"),
        ("d'1'MM yyyy", "`d` has no end before `1`"),
        ("yyyy-MM-dd HH.fff", "says the microsecond and not the second"),
        ("DD.MM.yyyy", "is no date format at"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        compile_parser(pattern)


FORMS = [
    "dd.MM.yyyy HH:mm:ss.ffffffzzz", "yyyyMMddHHmmssffffffZ", "d/M/yyyy H:m:s,ffffff zzz",
    "'%d (' ffffff ss mm HH d-MM-yyyy '[Z]' Z",
]  # fmt: skip


@given(
    st.datetimes(timezones=st.sampled_from([UTC, EAST, timezone(-timedelta(hours=3))])),
    st.sampled_from(FORMS),
)
def test_what_is_written_is_read_again(moment: datetime, pattern: str) -> None:
    assert compile_parser(pattern)(compile_format(pattern)(moment)) == moment
