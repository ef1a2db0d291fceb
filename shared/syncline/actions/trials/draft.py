"""Try a draft: what it would make of the newest stored records, and of the dead letters."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec

from syncline.actions.trials.bounded_work import MOST_SHOWN, in_thread
from syncline.actions.trials.trace import Trace, Tracer
from syncline.contracts.bundle import decode_bundle, encoded_records
from syncline.contracts.messages import decoder_of, encode
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.contracts.wire import Delivery
from syncline.domain.configuration.comparison import flatten
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import InvalidInputError, Problem, RetriableError
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.validation import parse, warnings
from syncline.domain.record import JsonObject
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.reader import KafkaReader
from syncline.postgres.audit.log import audit_view
from syncline.postgres.configuration.draft_samples import DraftDeadLetter, DraftRun, Drafts
from syncline.postgres.configuration.profiles import Configuration, mapping_document
from syncline.postgres.database.database import Database
from syncline.resources.edits import read_request_document
from syncline.security.secrets import Keyring

MOST = 1000
"""Stored records of one trial."""
SHOWN = 50
"""Records and dead letters that are shown in full."""
LETTERS = 500
"""Newest pending dead letters that are tried."""
_decode = decoder_of(object).decode


class TrialRequest(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What to try.

    Attributes:
        document: the draft.
        instance: only its records; without it those of every instance that uses the mapping.
        limit: how many of the newest stored raw records, 1 to 1,000.
    """

    document: JsonObject
    instance: str | None = None
    limit: int = 100


class PayloadDifference(msgspec.Struct, frozen=True, rename="camel"):
    """A value of the payload that the draft changes, as JSON texts; None: it is not there."""

    path: str
    old: str | None
    new: str | None


class TriedRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A record of which the draft makes something else.

    `change`: `changed`, `newly_failed`, `repaired`, `newly_excluded` or `newly_included`.
    """

    source_id: str
    correlation_id: str
    change: str
    before: Trace
    after: Trace
    differences: list[PayloadDifference]


class TriedLetter(msgspec.Struct, frozen=True, rename="camel"):
    """A pending dead letter, and whether its record would pass with the draft."""

    id: str
    source_id: str | None
    stage: str
    error: str
    repaired: bool
    after: Trace


class Trial(msgspec.Struct, frozen=True, rename="camel"):
    """What a draft would change.

    Attributes:
        compared: stored records that were compared.
        counts: of `same` and of each kind of change.
        records: changed ones, at most 50.
        letters_tried, letters_repaired: pending dead letters of Normalize and Transform.
        letters_untold: pending ones that failed elsewhere: what the other system would say of
            them nobody can tell without asking it.
        letters: at most 50, repaired ones first.
    """

    compared: int
    counts: dict[str, int]
    records: list[TriedRecord]
    letters_tried: int
    letters_repaired: int
    letters_untold: int
    letters: list[TriedLetter]
    warnings: list[Problem]


class DraftTrier:
    """Tries drafts; reads the raw topic and writes nothing anywhere."""

    def __init__(self, database: Database, keys: Keyring, connection: KafkaConnection) -> None:
        self._database = database
        self._drafts = Drafts(database)
        self._configuration = Configuration(database, keys)
        self._connection = connection

    async def run(self, tenant: str, name: str, request: TrialRequest, actor: str) -> Trial:
        """Try a draft of a stored mapping, which is audited as done by `actor`.

        Raises InvalidInputError, NotFoundError.
        """
        if not 1 <= request.limit <= MOST:
            message = f"must be from 1 to {MOST}, not {request.limit}"
            raise InvalidInputError([Problem("$.limit", message)])
        streams = await self._drafts.streams(tenant, name, request.instance)
        active = await mapping_document(self._database, tenant, name)
        document = request.document
        loaded = await asyncio.to_thread(read_request_document, Kind.MAPPING, name, document)
        draft = await asyncio.to_thread(parse, loaded.mappings[name].document)
        ids = [stream.id for stream in streams]
        runs = await self._drafts.newest_runs(ids)
        details = {"instance": request.instance, "limit": request.limit}
        await audit_view(self._database, tenant, actor, "mapping.draft_tried", name, details)
        stored = await newest_raw(self._connection, tenant, runs, request.limit)
        erased = await self._drafts.erased(ids)
        stored = [record for record in stored if record.source_id not in erased]
        letters = await self._drafts.letters(tenant, ids, LETTERS, MOST_SHOWN)
        secrets = await self._configuration.secrets(tenant)
        return await in_thread(
            lambda budget: _trial(
                stored,
                letters,
                Tracer(parse(active, stored=True), secrets, budget),
                Tracer(draft, secrets, budget),
                draft,
            )
        )


def _trial(
    stored: Sequence[StoredRecord],
    letters: Sequence[DraftDeadLetter],
    active: Tracer,
    draft: Tracer,
    document: Mapping,
) -> Trial:
    """Compare records and dead letters, as many as the budget allows. Raises InvalidInputError."""
    counts: Counter[str] = Counter()
    changed: list[TriedRecord] = []
    tried, untold = _letters(draft, letters)
    for stored_record in stored:
        try:
            record = _compared(stored_record, active, draft)
        except InvalidInputError:  # of the budget: what was compared so far is the answer
            if not counts:
                raise
            break
        counts[record.change] += 1
        if record.change != "same" and len(changed) < SHOWN:
            changed.append(record)
    return Trial(
        compared=counts.total(),
        counts=dict(counts),
        records=changed,
        letters_tried=len(tried),
        letters_repaired=sum(letter.repaired for letter in tried),
        letters_untold=untold,
        letters=sorted(tried, key=lambda letter: not letter.repaired)[:SHOWN],
        warnings=warnings(document),
    )


def _compared(record: StoredRecord, active: Tracer, draft: Tracer) -> TriedRecord:
    before, after = active.raw(record.data), draft.raw(record.data)
    differences = _differences(before.payload, after.payload)
    change = _change(before, after, differs=bool(differences))
    return TriedRecord(record.source_id, record.run_id, change, before, after, differences)


def _change(before: Trace, after: Trace, *, differs: bool) -> str:
    if before.outcome == after.outcome:
        return "changed" if differs else "same"
    if after.outcome == "failed":
        return "newly_failed"
    if before.outcome == "failed":
        return "repaired"
    return "newly_excluded" if after.outcome == "excluded" else "newly_included"


def _differences(before: str | None, after: str | None) -> list[PayloadDifference]:
    if before is None or after is None or before == after:
        return []
    old, new = flatten(_decode(before)), flatten(_decode(after))
    return [
        PayloadDifference(path, _text(old, path), _text(new, path))
        for path in sorted(old.keys() | new.keys())
        if _text(old, path) != _text(new, path)
    ]


def _text(values: JsonObject, path: str) -> str | None:
    return encode(values[path]).decode() if path in values else None


def _letters(draft: Tracer, letters: Sequence[DraftDeadLetter]) -> tuple[list[TriedLetter], int]:
    """Run dead letters through the draft from where they failed; count those it cannot tell."""
    steps = {Stage.NORMALIZE.value: draft.raw, Stage.TRANSFORM.value: draft.canonical}
    tried = []
    for letter in letters:
        if letter.stage in steps and letter.payload is not None:
            after = steps[letter.stage](letter.payload)
            repaired = after.outcome != "failed"
            own = (letter.id, letter.source_id, letter.stage, letter.error)
            tried.append(TriedLetter(*own, repaired, after))
    return tried, len(letters) - len(tried)


WITHIN = 10.0
"""Seconds of reading; what has been found by then is the answer."""
_EARLIER = 5_000
"""Milliseconds that clocks of servers may differ."""


class StoredRecord(msgspec.Struct, frozen=True):
    """A raw record, encoded, as it lies on its topic."""

    run_id: str
    source_id: str
    data: bytes


async def newest_raw(
    connection: KafkaConnection, tenant: str, runs: Sequence[DraftRun], limit: int
) -> list[StoredRecord]:
    """Return up to `limit` raw records of runs, of the newest run first. Raises RetriableError."""
    wanted = _quotas(runs, limit)
    if not wanted:
        return []
    oldest = min(run.since for run in runs if run.id in wanted)
    since = int(oldest.timestamp() * 1000) - _EARLIER
    reader = KafkaReader(connection, INPUT_OF[Stage.NORMALIZE], since=since)
    found: list[StoredRecord] = []
    try:
        async with asyncio.timeout(WITHIN):
            await reader.start()
            while any(wanted.values()) and sum(len(record.data) for record in found) < MOST_SHOWN:
                for delivery in await reader.poll(0.2):
                    found += _taken(delivery, tenant, wanted)
                if await reader.at_end():
                    break
    except TimeoutError:
        if not found:
            message = f"Kafka gave no raw records within {WITHIN:.0f} s"
            raise RetriableError(message, code="kafka_unavailable") from None
    finally:
        await reader.stop()
    return found


def _quotas(runs: Sequence[DraftRun], limit: int) -> dict[str, int]:
    """Say how many records to take of each run."""
    wanted: dict[str, int] = {}
    for run in runs:
        left = limit - sum(wanted.values())
        if left > 0:
            wanted[run.id] = min(run.total, left)
    return wanted


def _taken(delivery: Delivery, tenant: str, wanted: dict[str, int]) -> list[StoredRecord]:
    """Take from a message what is still wanted of its run."""
    run_id = (delivery.key or b"").decode(errors="replace")
    if not wanted.get(run_id) or dict(delivery.headers).get("tenant") != tenant.encode():
        return []
    try:
        bundle = decode_bundle(delivery.value)
    except (ValueError, RecursionError):
        return []  # a dead letter by now
    ids = bundle.ids[: wanted[run_id]]
    records = encoded_records(bundle, range(len(ids)))
    taken = [StoredRecord(run_id, i, data) for i, data in zip(ids, records, strict=True)]
    wanted[run_id] -= len(taken)
    return taken
