"""Reading drawn APIs: exactly what must arrive, or a failure with a name; never less in silence."""

from __future__ import annotations

import asyncio

import msgspec
from hypothesis import HealthCheck, event, example, given, note, settings

from syncline.connectors.http.settings.extraction import source_of
from syncline.connectors.http.source.pages import read_pages
from syncline.connectors.port import ConnectorError, ExtractRequest, Page
from syncline.domain.errors import FailureError
from tests.support.drawn_pages import (
    Drawn,
    Fault,
    HostileApi,
    Last,
    More,
    Total,
    can_be_noticed,
    drawn,
    must_succeed,
)

TRIES = 4
"""As often Ingest tries again before it gives a read up."""
NAMED = frozenset(
    {"unexpected_answer", "no_records", "records_missing", "paging_loop", "next_unreadable",
     "position_expired", "error_in_answer", "http_503", "rate_limited", "http_400"}
)  # fmt: skip


async def read(api: HostileApi, drawn: Drawn) -> tuple[list[Page], FailureError | None]:
    """Read as Ingest does: on behind the last page after a passing fault, a few times."""
    source = source_of(api.extraction())
    given: list[Page] = []
    failed: FailureError | None = None
    for _ in range(TRIES):
        position = given[-1].position if given else None
        request = ExtractRequest(api.extraction(), page_size=drawn.page_size, position=position)
        try:
            async for page in read_pages(api.api, source, request):
                given.append(page)  # noqa: PERF401 - what came before it broke is wanted
        except ConnectorError as error:
            return given, error
        except FailureError as error:
            failed = error
        else:
            return given, None
    return given, failed


HONEST = Drawn(
    type="page", records=7, cap=3, asked=5, sized=True, total=Total.TRUE, more=More.NONE,
    last=Last.NULL, gaps=frozenset(), faults={}, stuck=False, broken=frozenset(), page_size=2,
    ordered=True,
)  # fmt: skip
_with = msgspec.structs.replace


@settings(
    max_examples=500, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(drawn())
@example(HONEST)
@example(_with(HONEST, total=Total.PAGE))
@example(_with(HONEST, total=Total.CAPPED))
@example(_with(HONEST, total=Total.LARGE))
@example(_with(HONEST, type="offset", faults={2: Fault.BLANK}))
@example(_with(HONEST, type="cursor", last=Last.SAME))
@example(_with(HONEST, type="link", last=Last.CIRCLE, broken=frozenset({2})))
@example(_with(HONEST, type="cursor", gaps=frozenset({3, 6}), last=Last.EMPTY_PAGE))
def test_a_read_gives_every_record_or_says_why_not(drawn: Drawn) -> None:
    api = HostileApi(drawn)
    given, failed = asyncio.run(read(api, drawn))
    note(msgspec.json.encode(drawn).decode())
    expected = [str(n) for n in range(drawn.records)]
    ids = [i for page in given for i in page.ids]

    assert api.asked <= 20 * TRIES * 2, "endless"
    event("whole" if failed is None else failed.failure.code)
    if failed is None and can_be_noticed(drawn):
        assert ids == expected
        bad = {page.ids[place] for page in given for place in page.bad}
        assert bad == {str(n) for n in drawn.broken if n < drawn.records}
    elif failed is not None:
        assert not must_succeed(drawn), failed.failure
        assert failed.failure.code in NAMED
        assert failed.failure.message
        if Fault.NO_RECORDS not in drawn.faults.values():
            assert ids[: drawn.records] == expected[: len(ids)]
    assert all(len(page.ids) <= drawn.page_size for page in given)
    assert all(page.ids or page.notices for page in given)
