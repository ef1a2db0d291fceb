"""Walking through an API's pages: what is an end, what is a circle, and what is neither."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.domain.errors import FailureError, RetriableError
from syncline.domain.mapping.extraction import Extraction
from tests.support.scripted_api import Call, Said, Script, ids_of, item, read, reading, scripted

CURSOR: dict[str, Any] = {"type": "cursor", "parameter": "c", "next": "next"}
LINK: dict[str, Any] = {"type": "link"}
PAGE: dict[str, Any] = {"type": "page"}
OFFSET: dict[str, Any] = {"type": "offset"}


def link(url: str) -> list[tuple[str, str]]:
    return [("Link", f'<{url}>; rel="next"')]


async def failed(connector: HttpConnector, extraction: Extraction, **request: Any) -> FailureError:
    with pytest.raises(FailureError) as caught:
        await read(connector, extraction, **request)
    return caught.value


async def test_an_empty_page_that_names_itself_as_next_is_asked_for_twice_at_most() -> None:
    def cursor(call: Call) -> dict[str, Any]:
        return {"data": [] if call.query.get("c") else [item(1)], "next": "a"}

    def links(call: Call) -> Said:
        empty = call.path == "/empty"
        return Said({"data": [] if empty else [item(1)]}, headers=link("/empty"))

    for script, paging in ((cursor, CURSOR), (links, LINK)):
        async with scripted(script) as (api, connector):
            error = await failed(connector, reading(paging))
            assert error.failure.code == "paging_loop"
            assert len(api.calls) <= 3


async def test_the_mapping_may_say_that_the_same_token_again_is_the_end() -> None:
    def script(call: Call) -> dict[str, Any]:
        return {"data": [] if call.query.get("c") else [item(1)], "next": "a"}

    async with scripted(script) as (api, connector):
        pages = await read(connector, reading(CURSOR | {"end": ["sameToken"]}))
        assert ids_of(pages) == ["1"]
        assert len(api.calls) == 2


@pytest.mark.parametrize("period", [1, 2, 3])
@pytest.mark.parametrize("full", [True, False])
async def test_tokens_that_go_in_circles_end_the_read(period: int, full: bool) -> None:
    def script(call: Call) -> dict[str, Any]:
        token = int(call.query.get("c", 0))
        return {"data": [item(token)] if full else [], "next": str(token % period + 1)}

    async with scripted(script) as (api, connector):
        error = await failed(connector, reading(CURSOR))
        assert error.failure.code == "paging_loop"
        assert len(api.calls) <= 12


@pytest.mark.parametrize("full", [True, False])
async def test_a_page_that_links_to_itself_ends_the_read(full: bool) -> None:
    def script(_: Call) -> Said:
        return Said({"data": [item(1)] if full else []}, headers=link("/items?page=1"))

    async with scripted(script) as (api, connector):
        assert (await failed(connector, reading(LINK))).failure.code == "paging_loop"
        assert len(api.calls) <= 3


@pytest.mark.parametrize("records", [[], [item(1), item(2)]])
async def test_new_tokens_without_new_records_do_not_go_on_for_ever(records: list[Any]) -> None:
    def script(call: Call) -> dict[str, Any]:
        return {"data": records, "next": str(call.number)}

    async with scripted(script) as (api, connector):
        assert (await failed(connector, reading(CURSOR))).failure.code == "paging_loop"
        assert len(api.calls) <= 101


async def test_an_empty_page_with_a_new_token_goes_on() -> None:
    def script(call: Call) -> dict[str, Any]:
        n = int(call.query.get("c", 0))
        return {"data": [item(n)] if n % 4 == 0 else [], "next": str(n + 1) if n < 12 else None}

    async with scripted(script) as (_, connector):
        assert ids_of(await read(connector, reading(CURSOR))) == ["0", "4", "8", "12"]


PAGES = [[item(2 * n), item(2 * n + 1)] for n in range(5)]


def five(call: Call) -> dict[str, Any]:
    """Five pages of two, by token, page and offset."""
    query = call.query
    n = int(query.get("c") or int(query.get("page", 1)) - 1 or int(query.get("offset", 0)) // 2)
    data = PAGES[n] if n < 5 else []
    return {"data": data, "next": str(n + 1) if n < 4 else None, "total": 10, "more": n < 4}


def once(number: int, said: Any, script: Script = five, *, always: bool = False) -> Script:
    """Answer one request, or all from it on, otherwise than the script does."""
    seen: Counter[int] = Counter()

    def answer(call: Call) -> Any:
        hit = call.number == number or (always and call.number > number)
        seen[number] += hit
        return said if hit else script(call)

    return answer


PAGINGS = {"page": PAGE, "offset": OFFSET, "cursor": CURSOR}
EMPTY = {
    "nothing": Said(b""),
    "blanks": Said(b" \r\n\t "),
    "no content": Said(b"", status=204),
    "null": Said(b"null"),
    "an empty object": Said({}),
    "records that are null": Said({"data": None}),
    "an object instead of an array": Said({"data": {"0": item(4)}}),
    "half an answer": Said(b'{"data": [{"id": "4", "ts": "2026-'),
    "an empty array instead of the object": Said(b"[]"),
    "words": Said(b"try later"),
    "a page for people": Said(b"<html><title>Maintenance</title></html>"),
}


async def _into(given: list[Page], connector: HttpConnector, extraction: Extraction) -> None:
    async for page in connector.extract(ExtractRequest(extraction)):
        given.append(page)  # noqa: PERF401 - what came before it broke is wanted


@pytest.mark.parametrize("said", EMPTY.values(), ids=EMPTY)
@pytest.mark.parametrize("paging", PAGINGS.values(), ids=PAGINGS)
async def test_an_answer_in_mid_read_that_has_no_records_is_no_end(
    paging: dict[str, Any], said: Said
) -> None:
    async with scripted(once(2, said)) as (_, connector):
        given: list[Page] = []
        with pytest.raises(RetriableError) as caught:
            await _into(given, connector, reading(paging))
        assert caught.value.failure.code == "unexpected_answer"
        taken, position = ids_of(given), given[-1].position
        assert taken == ["0", "1", "2", "3"]
        rest = await read(connector, reading(paging), position=position)
        assert taken + ids_of(rest) == [str(n) for n in range(10)]


@pytest.mark.parametrize("said", EMPTY.values(), ids=EMPTY)
async def test_a_read_is_not_empty_because_its_first_answer_has_no_records(said: Said) -> None:
    async with scripted(once(0, said, always=True)) as (_, connector):
        error = await failed(connector, reading(PAGE))
        assert error.failure.code in ("unexpected_answer", "no_records")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("noContent", Said(b"", status=204)),
        ("null", Said({"data": None})),
        ("missing", Said({"of": 10})),
    ],
)
async def test_the_mapping_may_say_what_else_is_an_empty_page(word: str, said: Said) -> None:
    async with scripted(once(5, said)) as (_, connector):
        mapping = reading(PAGE | {"end": [word]})
        assert len(ids_of(await read(connector, mapping))) == 10
        # ... and what it does not say is none.
        other = {"noContent": Said({"of": 1}), "null": Said(b"", status=204), "missing": None}
        if other[word] is not None:
            connector_script = once(5, other[word])
            async with scripted(connector_script) as (_, strict):
                assert (await failed(strict, mapping)).failure.code == "unexpected_answer"


@pytest.mark.parametrize("type_", ["page", "offset", "cursor"])
async def test_an_empty_page_is_no_end_while_the_total_says_more(type_: str) -> None:
    empty = {"data": [], "total": 10, "next": None}
    async with scripted(once(2, empty)) as (_, connector):
        error = await failed(connector, reading(PAGINGS[type_] | {"total": "total"}))
        assert isinstance(error, RetriableError)
        assert error.failure.code == "records_missing"
        assert "are 10 records" in error.failure.message
        assert "gave 4" in error.failure.message


async def test_an_answer_that_says_more_and_names_no_next_page_is_no_end() -> None:
    torn = {"data": PAGES[2], "next": None, "more": True}
    async with scripted(once(2, torn)) as (_, connector):
        error = await failed(connector, reading(CURSOR | {"more": "more"}))
        assert error.failure.code == "records_missing"


@pytest.mark.parametrize("more", [None, {}, [], "?"])
async def test_what_more_says_and_nobody_understands_ends_nothing(more: object) -> None:
    said = {"data": PAGES[2], "next": "3", "more": more}
    async with scripted(once(2, said)) as (_, connector):
        pages = await read(connector, reading(CURSOR | {"more": "more"}))
        assert len(ids_of(pages)) == 10


@pytest.mark.parametrize("token", [{"after": "x"}, ["x"], True])
async def test_a_next_token_of_no_understandable_form_is_no_end(token: object) -> None:
    said = {"data": PAGES[2], "next": token}
    async with scripted(once(2, said)) as (_, connector):
        error = await failed(connector, reading(CURSOR))
        assert error.failure.code == "next_unreadable"


async def test_a_total_that_counts_the_page_alone_does_not_end_the_read() -> None:
    def script(call: Call) -> dict[str, Any]:
        said = five(call)
        return said | {"total": len(said["data"])}

    for paging in (PAGE, OFFSET):
        async with scripted(script) as (_, connector):
            pages = await read(connector, reading(paging | {"total": "total"}))
            assert len(ids_of(pages)) == 10


async def test_a_total_that_stops_at_a_round_number_does_not_end_the_read() -> None:
    def script(call: Call) -> dict[str, Any]:
        return five(call) | {"total": 6}

    async with scripted(script) as (_, connector):
        pages = await read(connector, reading(OFFSET | {"total": "total"}))
        assert len(ids_of(pages)) == 10


LINKS = {
    "two lines": [("Link", '</items?c=1>; rel="next"'), ("Link", "</app.css>; rel=preload")],
    "the other way": [("Link", "</a.css>; rel=preload"), ("Link", "</items?c=1>; rel=next")],
    "single quotes": [("Link", "</items?c=1>; rel='next'")],
    "no quotes": [("link", "</items?c=1>;rel=next")],
    "upper case": [("LINK", '</items?c=1>; REL="NEXT"')],
    "several rels": [("Link", '</items?c=1>; rel="next last"')],
    "signs in the URL": [("Link", '</items?x=a,b;c&c=1>; rel="next"')],
    "other parameters before": [("Link", '</items?c=1>; title="a, b; rel=\\"prev\\""; rel="next"')],
    "relative": [("Link", '<?c=1>; rel="next"')],
    "absolute": [("Link", '<http://127.0.0.1/items?c=1>; rel="next"')],
    "spaces": [("Link", '  < /items?c=1 >  ;  rel = "next"  ')],
    "a parameter without value": [("Link", '</items?c=1>; crossorigin; rel="next"')],
    "many in one": [("Link", '</i>; rel="first", </items?c=1>; rel="next", </x>; rel="last"')],
}  # fmt: skip


@pytest.mark.parametrize("headers", LINKS.values(), ids=LINKS)
async def test_a_link_header_is_read_however_it_is_written(headers: list[tuple[str, str]]) -> None:
    def script(call: Call) -> Said:
        n = int(call.query.get("c", 0))
        lines = [(name, v.replace("c=1", f"c={n + 1}")) for name, v in headers]
        return Said({"data": PAGES[n]}, headers=lines if n < 2 else [])

    async with scripted(script) as (_, connector):
        assert ids_of(await read(connector, reading(LINK))) == [str(n) for n in range(6)]


@pytest.mark.parametrize("header", ["/items?c=1; rel=next", "<http://[::1>; rel=next", "<", "<>x"])
async def test_a_link_header_that_cannot_be_read_is_no_end(header: str) -> None:
    def script(_: Call) -> Said:
        return Said({"data": PAGES[0]}, headers=[("Link", header)])

    async with scripted(script) as (_, connector):
        error = await failed(connector, reading(LINK))
        assert error.failure.code == "next_unreadable"
        assert isinstance(error, ConnectorError)


async def test_a_page_of_a_read_is_read_again_from_its_place_and_a_dead_token_is_told() -> None:
    for status in (400, 404, 410, 422):
        said = Said({"message": "cursor expired"}, status=status)
        async with scripted(once(2, said)) as (_, connector):
            error = await failed(connector, reading(CURSOR))
            assert isinstance(error, ConnectorError)
            assert error.failure.code == "position_expired"
            assert "cursor expired" in error.failure.message
            position = (await read(connector, reading(CURSOR), limit=2))[-1].position
        async with scripted(once(0, said)) as (_, connector):
            error = await failed(connector, reading(CURSOR), position=position)
            assert error.failure.code == "position_expired"
            error = await failed(connector, reading(CURSOR), position="no position at all")
            assert error.failure.code == "position_expired"


@pytest.mark.parametrize("status", [400, 404, 410, 422])
async def test_a_first_request_that_is_refused_is_a_mistake_and_no_dead_token(status: int) -> None:
    async with scripted(once(0, Said({}, status=status))) as (_, connector):
        error = await failed(connector, reading(CURSOR))
        assert error.failure.code in ("http_400", "not_found", "http_410", "http_422")
        assert isinstance(error, ConnectorError)


async def test_a_stable_order_is_asked_for_where_the_mapping_names_it() -> None:
    def script(call: Call) -> dict[str, Any]:
        down = sorted(PAGES[0] + PAGES[1], key=lambda r: r["id"], reverse="sort" in call.query)
        n = int(call.query.get("offset", 0))
        return {"data": down[n : n + 2]}

    async with scripted(script) as (api, connector):
        mapping = reading(
            OFFSET,
            parameters={"since": "{cursor}", "sort": "-ts", "x": "1"},
            options={"ordered": True, "stable": {"parameters": {"sort": "id"}}},
        )
        assert connector.reads_stably(mapping)
        assert not connector.reads_stably(reading(OFFSET))
        pages = await read(connector, mapping, stable=True, page_size=1)
        assert ids_of(pages) == ["3", "2", "1", "0"]
        assert {c.query["sort"] for c in api.calls} == {"id"}
        assert {c.query["x"] for c in api.calls} == {"1"}
        api.calls.clear()
        rest = await read(connector, mapping, position=pages[0].position)
        assert ids_of(rest) == ["2", "1", "0"]
        assert {c.query["sort"] for c in api.calls} == {"id"}


async def test_two_errors_of_graphql_beside_half_the_data_fail_the_read() -> None:
    said = {"data": [item(1)], "errors": [{"message": "timed out", "path": ["items", 2]}]}
    async with scripted(lambda _: said) as (_, connector):
        error = await failed(connector, reading())
        assert error.failure.code == "error_in_answer"
        assert "timed out" in error.failure.message


async def test_an_error_in_a_good_answer_is_a_failure_of_the_read() -> None:
    said = {"ok": False, "fault": "no session"}
    async with scripted(once(2, said), errors={"inSuccess": "fault"}) as (_, connector):
        error = await failed(connector, reading(CURSOR))
        assert error.failure.code == "error_in_answer"
        assert "no session" in error.failure.message


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said(b"", status=304), "304"),
        (Said(b"", status=302, headers=[("Location", "/login")]), "/login"),
        (Said(b"", status=302), "302"),
        (Said({"data": PAGES[2]}, status=206, headers=[("Content-Range", "bytes 0-9/70")]), "part"),
    ],
)
async def test_other_answers_of_http_end_no_read(said: Said, words: str) -> None:
    def script(call: Call) -> Any:
        login = Said(b"<html>sign in", headers=[("Content-Type", "text/html")])
        return login if call.path == "/login" else once(2, said)(call)

    async with scripted(script) as (_, connector):
        error = await failed(connector, reading(CURSOR))
        assert words in error.failure.message


async def test_a_part_that_is_a_page_is_read() -> None:
    def script(call: Call) -> Said:
        return Said(five(call), status=206, headers=[("Content-Range", "items 0-1/10")])

    async with scripted(script) as (_, connector):
        assert len(ids_of(await read(connector, reading(CURSOR)))) == 10


def _codes(pages: list[Page]) -> list[str]:
    return [notice.code for page in pages for notice in page.notices]


async def test_an_end_that_may_be_none_is_told() -> None:
    sized = {"sizeParameter": "limit", "size": 2}
    async with scripted(lambda _: {"data": PAGES[0]}) as (_, connector):
        assert _codes(await read(connector, reading(CURSOR | sized))) == ["no_next_page"]
        assert _codes(await read(connector, reading(LINK | sized))) == ["no_next_page"]
        larger = {"sizeParameter": "limit", "size": 3}
        assert _codes(await read(connector, reading(CURSOR | larger))) == []
        assert _codes(await read(connector, reading())) == []
    async with scripted(lambda _: {"data": PAGES[0], "next": None}) as (_, connector):
        assert _codes(await read(connector, reading(CURSOR | sized))) == []


async def test_an_api_that_pages_and_a_mapping_that_does_not_is_told() -> None:
    said = Said({"data": PAGES[0]}, headers=link("/items?page=2"))
    async with scripted(lambda _: said) as (_, connector):
        assert _codes(await read(connector, reading())) == ["only_first_page"]


async def test_a_total_that_was_too_small_is_told() -> None:
    async with scripted(lambda call: five(call) | {"total": 3}) as (_, connector):
        pages = await read(connector, reading(OFFSET | {"total": "total"}))
        assert len(ids_of(pages)) == 10
        assert _codes(pages) == ["total_wrong"]


async def test_a_total_that_a_reader_without_paging_does_not_reach_fails_it() -> None:
    async with scripted(lambda _: {"data": PAGES[0], "total": 10}) as (_, connector):
        error = await failed(connector, reading({"type": "none", "total": "total"}))
        assert error.failure.code == "records_missing"


async def test_deleted_records_that_move_the_others_are_told() -> None:
    def script(call: Call) -> dict[str, Any]:
        return five(call) | {"total": 10 if call.number == 0 else 9}

    async with scripted(script) as (_, connector):

        def fewer(call: Call) -> dict[str, Any]:
            said = script(call)
            return said | {"data": said["data"][:1]} if call.number == 4 else said

        async with scripted(fewer) as (_, other):
            pages = await read(other, reading(PAGE | {"total": "total"}))
            assert _codes(pages) == ["total_fell"]
        assert _codes(await read(connector, reading(PAGE | {"total": "total"}))) == ["total_wrong"]


async def test_a_link_is_relative_to_the_page_that_has_it() -> None:
    def script(call: Call) -> Said:
        n = {"/items": 0, "/v2/p1": 1, "/v2/p2": 2}[call.path]
        headers = [link("/v2/p1?x=1"), link("p2"), []][n]
        return Said({"data": PAGES[n]}, headers=headers)

    async with scripted(script) as (_, connector):
        assert ids_of(await read(connector, reading(LINK))) == [str(n) for n in range(6)]


async def test_a_page_that_moved_while_the_read_was_broken_off_is_given_anew() -> None:
    rows = [item(n) for n in range(6)]
    async with scripted(lambda _: {"data": rows}) as (_, connector):
        pages = await read(connector, reading(), page_size=2)
        still = await read(connector, reading(), page_size=2, position=pages[0].position)
        assert ids_of(still) == ["2", "3", "4", "5"]
        rows.insert(0, rows.pop(1))  # the record at the border is not where it was
        moved = await read(connector, reading(), page_size=2, position=pages[0].position)
        assert sorted(ids_of(moved)) == [str(n) for n in range(6)]
