"""The draft trap: with an approval procedure, a document is refused as not found and yet kept.

It lies among the drafts then, until somebody approves it. Sent again it would be there twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.connectors.business_one.entities import DRAFTS, OBJECT_CODES, document_lookup
from syncline.connectors.business_one.refusals import NOT_FOUND, code_of
from syncline.connectors.business_one.settings import BusinessOneTarget
from syncline.connectors.http.client.api import Api
from syncline.connectors.http.settings.lookup import Lookup
from syncline.connectors.http.target.comparison import differences, holds_payload
from syncline.connectors.http.target.results import without
from syncline.connectors.http.target.search import Match, find_records, keys_of, own_key
from syncline.connectors.port import LookupResult, WriteBatch, WriteResult
from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, Failure, FailureError
from syncline.domain.record import Record

PREFIX = "draft-"
_decode = decoder_of(Record).decode


def is_draft(target_id: str | None) -> bool:
    """Tell the ID of a draft from that of a document."""
    return target_id is not None and target_id.startswith(PREFIX)


def awaits_approval(target_id: str) -> Failure:
    """Say that a document cannot be changed yet."""
    number = target_id.removeprefix(PREFIX)
    message = (
        f"Business One has the document as draft {number}, and waits for its approval: this change "
        "was not written. Approve or remove the draft there, then replay the record"
    )
    return Failure(Category.PERMANENT, "awaits_approval", message)


def part_of(
    batch: WriteBatch, places: Sequence[int], target_ids: Sequence[str | None]
) -> WriteBatch:
    """Return some records of a batch, with these IDs, of which the target was asked."""
    return msgspec.structs.replace(
        batch,
        source_ids=[batch.source_ids[place] for place in places],
        payloads=[batch.payloads[place] for place in places],
        keys=[batch.keys[place] for place in places] if batch.keys else [],
        target_ids=list(target_ids),
        asked=True,
    )


async def add_drafts(
    api: Api,
    given: BusinessOneTarget,
    batch: WriteBatch,
    missing: Sequence[int],
    result: LookupResult,
) -> None:
    """Note in `result` which records that have no document have a draft. Raises FailureError."""
    for place, match in (await _found(api, given, batch, missing)).items():
        if match.failure is not None:
            result.failures[place] = match.failure
            continue
        result.target_ids[place] = PREFIX + match.id
        payload = _decode(without(batch.payloads[place], batch.on_create))
        held = holds_payload(payload, match.record)
        if held is not None:
            result.holds[place] = held
        result.differs[place] = differences(payload, match.record)


async def take_drafts(
    api: Api, given: BusinessOneTarget, batch: WriteBatch, result: WriteResult
) -> None:
    """Turn refusals into successes where the document was kept as a draft all the same."""
    trapped = [
        place
        for place, failure in result.failures.items()
        if batch.target_ids[place] is None and code_of(failure) == NOT_FOUND
    ]
    if not trapped:
        return
    try:
        found = await _found(api, given, batch, trapped)
    except FailureError as error:
        for place in trapped:
            words = f"{result.failures[place].message}; whether it is a draft: {error}"
            result.failures[place] = Failure(
                Category.UNKNOWN, "draft_unknown", words, ambiguous=True
            )
        return
    for place, match in found.items():
        del result.failures[place]
        if match.failure is None:
            result.target_ids[place] = PREFIX + match.id
        else:
            result.failures[place] = match.failure


async def _found(
    api: Api, given: BusinessOneTarget, batch: WriteBatch, places: Sequence[int]
) -> dict[int, Match]:
    """Return the drafts of some records, by place."""
    lookup = Lookup.model_validate(document_lookup(DRAFTS, given.reference))
    keys = keys_of(batch, places)
    found = await find_records(api, lookup, keys, own_key(batch))
    codes = OBJECT_CODES[given.entity]
    return {
        place: found[key]
        for place, key in zip(places, keys, strict=True)
        if key in found and _is_of(found[key].record, codes)
    }


def _is_of(record: object, codes: Sequence[str]) -> bool:
    """Tell whether a draft is to become such a document; one that does not tell may be."""
    code = record.get("DocObjectCode") if isinstance(record, dict) else None
    return code is None or str(code) in codes
