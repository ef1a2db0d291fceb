"""Which page comes next, how bookmarks are written, and circles."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.answers.link_header import LinkError, next_link
from syncline.connectors.http.settings.extraction import HttpSource, source_of
from syncline.connectors.http.source.loops import CycleDetector
from syncline.connectors.http.source.paging import (
    PagePosition,
    first_position,
    next_position,
    query_at,
)
from syncline.domain.mapping.extraction import Extraction, ExtractionMode

NOTHING = Answer(200, {}, b"", "GET")


def source(paging: dict[str, Any] | None = None, **options: Any) -> HttpSource:
    extraction = Extraction(
        id_column="id",
        mode=ExtractionMode.API,
        endpoint="/items",
        parameters={"since": "{cursor}"},
        cursor_column="changed",
        paging=paging,
        options=options,
    )
    return source_of(extraction)


def test_pages_are_counted_until_one_is_empty() -> None:
    paging = source({"type": "page", "sizeParameter": "n", "size": 50}).paging
    place = first_position(paging, None, 2000)

    assert query_at(paging, place) == [("n", 50), ("page", 1)]
    then = next_position(paging, place, NOTHING, {}, 3)
    assert then is not None
    assert query_at(paging, then)[1] == ("page", 2)
    assert next_position(paging, then, NOTHING, {}, 0) is None


def test_an_offset_moves_by_what_came_as_apis_give_less_than_was_asked() -> None:
    paging = source({"type": "offset", "size": 5000}).paging
    then = next_position(paging, first_position(paging, None, 5000), NOTHING, {}, 1000)

    assert then is not None
    assert query_at(paging, then) == [("offset", 1000)]


@pytest.mark.parametrize("type_", ["page", "offset"])
def test_the_total_ends_the_read_even_where_pages_are_smaller_than_asked(type_: str) -> None:
    paging = source({"type": type_, "size": 5000, "total": "meta.count"}).paging
    document = {"meta": {"count": 2500}}
    place: PagePosition | None = first_position(paging, None, 5000)
    for count in (1000, 1000):
        assert place is not None
        place = next_position(paging, place, NOTHING, document, count)

    assert place is not None
    assert next_position(paging, place, NOTHING, document, 500) is None


def test_a_cursor_is_followed_until_there_is_none() -> None:
    paging = source({"type": "cursor", "parameter": "after", "next": "page.next"}).paging
    then = next_position(paging, PagePosition(), NOTHING, {"page": {"next": 17}}, 5)

    assert then is not None
    assert query_at(paging, then) == [("after", "17")]
    assert next_position(paging, then, NOTHING, {"page": {"next": None}}, 5) is None
    assert next_position(paging, then, NOTHING, {"page": {"next": ""}}, 5) is None


def test_more_ends_a_read_whatever_else_the_answer_says() -> None:
    paging = source({"type": "cursor", "next": "next", "more": "hasMore"}).paging

    assert (
        next_position(paging, PagePosition(), NOTHING, {"next": "x", "hasMore": False}, 5) is None
    )
    assert (
        next_position(paging, PagePosition(), NOTHING, {"next": "x", "hasMore": True}, 5)
        is not None
    )


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<https://a/?p=2>; rel="next"', "https://a/?p=2"),
        ('</?p=1>; rel=prev, </?p=3>; rel=next; title="a,b"', "/?p=3"),
        ('</?p=1,2>; title="x"; rel="last next"', "/?p=1,2"),
        ('</?p=9>; rel="last"', None),
        ("", None),
        ("</?p=1>; rel=prev,, </?p=2>;rel=next ,", "/?p=2"),
        ("<  /?p=3  > ; rel = 'next'", "/?p=3"),
        ("</?p=4>; crossorigin; REL=Next; rel=prev", "/?p=4"),
        ('</?p=5>; title="; rel=prev, <x>"; rel="next"', "/?p=5"),
        ("</?p=6>; title*=UTF-8''x%20y; rel=next", "/?p=6"),
        ("</?p=7>; rel=next, </?p=8>; rel=next", "/?p=7"),
    ],
)
def test_a_link_header_names_the_next_page(header: str, url: str | None) -> None:
    assert next_link(header) == url


@pytest.mark.parametrize("header", ["nonsense", "</a", "</a> rel=next", "<>; rel=next", "</a>; ="])
def test_a_link_header_that_is_none_is_told(header: str) -> None:
    with pytest.raises(LinkError):
        next_link(header)


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_a_walk_in_circles_is_noticed(length: int) -> None:
    circle = CycleDetector()
    steps = [b"start", b"away"] + [b"%d" % (n % length) for n in range(5 * length + 10)]

    assert any(circle.closes(step) for step in steps)


def test_a_long_straight_walk_is_no_circle() -> None:
    circle = CycleDetector()

    assert not any(circle.closes(b"%d" % n) for n in range(10_000))
