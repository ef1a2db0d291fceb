"""Small structs of the port: what a connector may reach and can do, test results, columns."""

from __future__ import annotations

import msgspec


class Surroundings(msgspec.Struct, frozen=True):
    """What the operator of this installation lets a tenant's connectors reach.

    Attributes:
        outbound_allow: private hosts and networks that may be called, such as `10.0.0.0/8`.
        folders: absolute folders that the tenant's files may lie in.
        outbound_deny: what may not be called, whatever network is allowed: `host:port` of the
            installation's own servers, and what the operator names.
        closed_folders: folders within `folders` that belong to other tenants.
        topic_prefix: of the installation's own topics, which no connector may use.
    """

    outbound_allow: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    outbound_deny: tuple[str, ...] = ()
    closed_folders: tuple[str, ...] = ()
    topic_prefix: str = ""


class Capabilities(msgspec.Struct, frozen=True):
    """What a connector can do.

    Attributes:
        source, target: directions it works in.
        pages_may_move: a read pages through a list that may move meanwhile, so that a record given
            twice tells of another that was passed over. False where records are read by key.
        idempotent_upsert: writing the same record twice leaves one record; no intent row is needed.
        bulk_size: most records in one write call.
        lookup: lookup() can find a record by its match key.
        read_back: lookup() also tells whether the record found holds the payload, and what of it
            differs.
        lookup_first: records whose ID is not known are looked up before they are written.
        lookup_size: most records in one look-up call.
        reads_keys: writes are given idempotency keys.
        reads_columns: writes are given the payloads by column as well.
        reads_lines: writes are given them as lines, too.
        honours_keys: a write sent again under the same idempotency key has no second effect.
        two_calls: a record is written in two calls. What a lost creation left may lack the second
            part, and writing it again does no harm.
        longest_call: seconds after which one call to the system has surely ended.
        visible_after: seconds after a call by which lookup() surely sees what it did.
        on_create: updates leave a batch's `on_create` out.
        composite_key: rows are named by their match key, which may be made of several paths.
        smart_sync: unchanged records may be skipped (false for files, which are made anew).
    """

    source: bool = False
    target: bool = False
    pages_may_move: bool = False
    idempotent_upsert: bool = False
    bulk_size: int = 1000
    lookup: bool = False
    read_back: bool = False
    lookup_first: bool = False
    lookup_size: int = 1000
    reads_keys: bool = True
    reads_columns: bool = False
    reads_lines: bool = False
    honours_keys: bool = False
    two_calls: bool = False
    longest_call: float = 60.0
    visible_after: float = 0.0
    on_create: bool = False
    composite_key: bool = False
    smart_sync: bool = True


class Check(msgspec.Struct, frozen=True):
    """One step of a connection test: `part` is host, tls, login, permission or data."""

    part: str
    ok: bool
    message: str


class SourceColumn(msgspec.Struct, frozen=True):
    """A column of a source; `everywhere` is false where only some of its records were looked at."""

    name: str
    type: str
    everywhere: bool = True
