"""What tells that the database and the topics of an installation belong to the same moment."""

from __future__ import annotations

import msgspec


class Mark(msgspec.Struct, frozen=True):
    """How far a database has come: its ID, and a number that only grows."""

    database: str
    number: int


def restored(own: Mark, published: Mark | None) -> str | None:
    """Say why a database is not the one that the newest published mark is of; None if it is.

    Args:
        own: the mark of the database.
        published: None where the topics hold none: they are new.
    """
    if published is None or (own.database == published.database and own.number >= published.number):
        return None
    if own.database != published.database:
        what = "the topics belong to another database than this one"
    else:
        what = "the database is older than the topics: it was restored to an earlier time"
    return (
        f"{what}; nothing is worked on until a person decides: delete the topics and run `syncline "
        "topics create`, so that the next runs read on from the cursors, or `syncline topics "
        "adopt` to go on with what the topics hold"
    )
