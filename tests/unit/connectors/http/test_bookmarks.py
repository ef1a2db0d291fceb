"""Bookmarks in requests: less the lookback, in whichever form an API writes its times."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.connectors.http.settings.extraction import HttpSource, extraction_problems, source_of
from syncline.connectors.port import ConnectorError
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode


def extraction(**given: Any) -> Extraction:
    names = ("cursorFormat", "exclusiveBy")
    options: dict[str, Any] = {name: given.pop(name) for name in names if name in given}
    return Extraction(
        mode=ExtractionMode.API,
        endpoint="/items",
        id_column="id",
        parameters={"since": "{cursor}"},
        cursor_column="changed",
        options=options,
        **given,
    )


def source(**given: Any) -> HttpSource:
    return source_of(extraction(**given))


@pytest.mark.parametrize(
    ("value", "lookback", "given", "written"),
    [
        ("2026-01-31T10:00:00.120Z", 0.0, {}, "2026-01-31T10:00:00.120Z"),
        ("2026-01-31T10:00:00.120Z", 60.0, {}, "2026-01-31T09:59:00.120Z"),
        ("2026-01-31T10:00:00Z", 60.0, {}, "2026-01-31T09:59:00Z"),
        ("2026-01-31t10:00:00z", 60.0, {}, "2026-01-31t09:59:00z"),
        ("2026-01-31 10:00:00+02:00", 1.0, {}, "2026-01-31 09:59:59+02:00"),
        ("2026-01-31 10:00:00 +0200", 1.0, {}, "2026-01-31 09:59:59 +0200"),
        ("2026-01-31T10:00:00.1234567-05", 1.0, {}, "2026-01-31T09:59:59.1234560-05"),
        ("2026-01-31T10:00", 60.0, {}, "2026-01-31T09:59"),
        ("2026-01-31", 86400.0, {}, "2026-01-30"),
        ("20240502", 5.0, {}, "20240501"),
        ("20240502T101112Z", 5.0, {}, "20240502T101107Z"),
        ("20240502T101112.5+0200", 5.0, {}, "20240502T101107.5+0200"),
        ("20240502 1011", 60.0, {}, "20240502 1010"),
        ("20240502101112", 5.0, {}, "20240502101107"),
        ("1714640000", 5.0, {}, "1714639995"),
        ("1714640000.25", 5.0, {}, "1714639995.25"),
        ("1714640000123", 5.0, {}, "1714639995123"),
        ("1714640000", 5.0, {"cursorFormat": "epoch"}, "1714639995"),
        ("1714640000", 5.0, {"cursor_format": "epoch"}, "1714639995"),
        ("1714640000123", 5.0, {"cursor_format": "epochMillis"}, "1714639995123"),
        ("1000", 5.0, {"cursor_format": "epochMillis"}, "-4000"),
        ("1714640000", 5.0, {"cursorFormat": "epochMillis"}, "1714639995000"),
        ("1714640000", 0.0, {"cursorFormat": "yyyy-MM-dd'T'HH:mm:ss"}, "2024-05-02T08:53:20"),
        ("28.10.2026 09:15", 600.0, {"cursor_format": "dd.MM.yyyy HH:mm"}, "28.10.2026 09:05"),
        (
            "28.10.2026 09:15",
            600.0,
            {"cursor_format": "dd.MM.yyyy HH:mm", "cursorFormat": "yyyyMMddHHmm"},
            "202610280905",
        ),
        ("2026-01-31T10:00+02:00", 0.0, {"cursorFormat": "yyyy-MM-dd HH:mm"}, "2026-01-31 08:00"),
        ("2026-01-31T10:00:00Z", 60.0, {"cursorFormat": "epoch"}, "1769853540"),
        ("2026-01-31T10:00:00.5", 0.0, {"cursorFormat": "epochMillis"}, "1769853600500"),
        ("1969-12-31T23:59:59.5Z", 0.0, {"cursorFormat": "epoch"}, "-1"),
        ("0001-01-01T00:00:01Z", 60.0, {}, "0001-01-01T00:00:00Z"),
        ("0001-01-01", 60.0, {}, "0001-01-01"),
        ("not a date", 0.0, {}, "not a date"),
        ("17", 0.0, {"cursor_type": CursorType.ID}, "17"),
    ],
)  # fmt: skip
def test_bookmarks_are_written_as_the_api_gave_them_or_as_it_wants_them(
    value: str, lookback: float, given: dict[str, Any], written: str
) -> None:
    assert source(lookback=lookback, **given).bookmarks.after(value) == written


@pytest.mark.parametrize(
    "value",
    ["not a date", "", "2026", "28.10.2026", "2026-13-01", "20261301", "2026-01-31T25:00:00",
     "Wed, 21 Oct 2026 07:28:00 GMT", "1714640000x", "infinity", "NaN", "1e9"],
)  # fmt: skip
def test_a_window_is_not_left_out_because_a_bookmark_is_not_understood(value: str) -> None:
    with pytest.raises(ConnectorError, match="lookback") as caught:
        source(lookback=5.0).bookmarks.after(value)

    assert caught.value.failure.code == "cursor_unreadable"
    assert repr(value) in caught.value.failure.message


def test_a_bookmark_that_cannot_be_written_as_the_mapping_wants_is_told() -> None:
    with pytest.raises(ConnectorError, match=r"options\.cursorFormat"):
        source(cursorFormat="epoch").bookmarks.after("soon")
    with pytest.raises(ConnectorError, match=r"dd\.MM\.yyyy"):
        source(cursor_format="dd.MM.yyyy", lookback=5.0).bookmarks.after("2026-01-31")


def test_a_lookback_that_could_do_nothing_is_refused() -> None:
    problems = extraction_problems(extraction(cursor_type=CursorType.ID, lookback=5.0))

    assert [p.path for p in problems] == ["$.extraction.lookback"]
    assert "cursorFormat: epoch" in problems[0].message


def test_an_api_that_leaves_the_bookmark_out_is_asked_earlier() -> None:
    bookmarks = source(lookback=60.0, exclusiveBy="PT1S").bookmarks

    assert bookmarks.at("2026-11-29T10:00:00") == "2026-11-29T09:59:59"
    assert bookmarks.after("2026-11-29T10:00:00") == "2026-11-29T09:58:59"
