"""Notices at the end of a read: what an API says that does not fit to its being the end. Pure."""

from __future__ import annotations

from syncline.connectors.http.answers.answer import Answer, key_text
from syncline.connectors.http.answers.link_header import LinkError, next_link
from syncline.connectors.http.settings.extraction import End, PagingType, Source
from syncline.connectors.http.source.content import absence
from syncline.connectors.http.source.paging import COUNTING, PagePosition
from syncline.domain.run import Notice


def end_notices(
    source: Source, position: PagePosition, answer: Answer, document: object, count: int
) -> tuple[Notice, ...]:
    """Return what a person should know of a read that has just ended.

    Args:
        position: of the last answer; `count` records were in it.
    """
    paging = source.paging
    if paging.type is PagingType.NONE and _names_next(answer):
        words = (
            "the API names a next page (`Link`), and the mapping reads the first one alone: say "
            "`paging.type: link`, or leave this away if one page is all you want"
        )
        return (Notice("only_first_page", f"{source.endpoint}: {words}"),)
    if paging.type in COUNTING:
        total = key_text(paging.total(document)) if paging.total else ""
        taken = position.taken + count
        if total.isdigit() and taken > int(total):
            words = f"says that there are {total} records and gave {taken}; all of them were read"
            return (Notice("total_wrong", f"{source.endpoint} {words} (`paging.total`)", taken),)
        first = position.total
        if total.isdigit() and first is not None and int(total) < first:
            words = (
                f"had {first} records when the read began and {total} when it ended: where some "
                "are deleted while pages are counted, others move up and may be passed over; read "
                "by `cursor` or `link`, or with `ordered` from a cursor"
            )
            return (Notice("total_fell", f"{source.endpoint} {words}", first - int(total)),)
    elif _is_full(source, position, count) and _says_nothing(source, answer, document):
        words = (
            f"the first page was full ({count} records, as asked for) and names no next one: if "
            "there are more, `paging.next` or `paging.type` is wrong"
        )
        return (Notice("no_next_page", f"{source.endpoint}: {words}", count),)
    return ()


def _names_next(answer: Answer) -> bool:
    try:
        return next_link(answer.headers.get("link", "")) is not None
    except LinkError:  # it names no page; whoever reads on refuses the link
        return False


def _is_full(source: Source, position: PagePosition, count: int) -> bool:
    asked = source.paging.size_parameter and source.paging.type is not PagingType.NONE
    return bool(asked) and position.token is None and count >= position.size


def _says_nothing(source: Source, answer: Answer, document: object) -> bool:
    """Tell an API that says there is no next page from one that says nothing of it."""
    paging = source.paging
    if paging.more is not None and paging.more(document) is not None:
        return False
    if not paging.next:
        return "link" not in answer.headers
    return absence(document, paging.next) is End.MISSING
