"""Bodies of records, and what an answer says became of each of them: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b

import msgspec

from syncline.connectors.http.answers.answer import category_of, error_message, key_text, one_line
from syncline.connectors.http.settings.bodies import filled
from syncline.connectors.http.settings.profile import Errors
from syncline.connectors.http.settings.target import RECORD, ResultRules, WriteCall
from syncline.connectors.port import WriteResult
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.errors import Category, Failure
from syncline.domain.record import JsonObject, Record

_decode = decoder_of(Record).decode
MISSING = Failure(
    Category.PERMANENT,
    "missing_in_answer",
    "the answer says nothing of this record, so it was not written: the target may not have it any "
    "more",
)
"""Stands for a result that the answer should have had."""
UNCLEAR = Failure(
    Category.UNKNOWN,
    "answer_unclear",
    "the answer does not say what became of this record: results are missing, stand there twice or "
    "have no status; correct `answer` in the mapping's target block",
    ambiguous=True,
)
"""Stands for a result of which cannot be told whose it is, or what it says."""

WITHOUT_ID = Failure(
    Category.PERMANENT,
    "id_missing",
    "the target took the record and its answer holds no ID, so that it could not be updated later, "
    "only created again: correct `answer.id`, or add `lookup`",
    ambiguous=True,
)
"""Stands for a record that cannot be changed later."""


def records_to_send(
    operation: WriteCall,
    records: list[bytes],
    target_ids: Sequence[str | None],
    keys: Sequence[str],
) -> list[bytes]:
    """Return the records as the API wants them: with ID and idempotency key where it asks so."""
    if operation.id_field:
        ids = [
            None if i is None else encode(int(i) if operation.id_is_number and _whole(i) else i)
            for i in target_ids
        ]
        records = _with_field(operation.id_field, records, ids)
    if operation.key_field:
        records = _with_field(operation.key_field, records, [encode(key) for key in keys])
    return records


def enveloped(
    envelope: JsonObject, records: Sequence[bytes], match_keys: Sequence[str], keys: Sequence[str]
) -> list[bytes]:
    """Put each record into the object that an API wants around it; `keys` are of idempotency."""
    sent = []
    for record, own, key in zip(records, match_keys, keys or [""] * len(records), strict=True):
        values = {"{key}": own, "{idempotencyKey}": key}
        sent.append(encode(filled(envelope, values, {RECORD: msgspec.Raw(record)})))
    return sent


def without(record: bytes, fields: Sequence[str]) -> bytes:
    """Return a record without some fields at its top."""
    if not fields:
        return record
    return encode({name: v for name, v in _decode(record).items() if name not in fields})


def _with_field(field: str, records: list[bytes], values: Sequence[bytes | None]) -> list[bytes]:
    return [
        record if value is None else _with(record, field, value)
        for record, value in zip(records, values, strict=True)
    ]


def key_of(keys: Sequence[str]) -> str:
    """Return the idempotency key of a call: its record's, or one of all its records'."""
    if len(keys) == 1:
        return keys[0]
    return blake2b("".join(keys).encode(), digest_size=16).hexdigest()


def body_of(operation: WriteCall, records: Sequence[bytes]) -> bytes:
    """Lay records into the body."""
    before, behind = operation.frame
    inner = b",".join(records)
    in_array = operation.array or operation.bulk_size > 1
    return before + (b"[" + inner + b"]" if in_array else inner) + behind


def graphql_body_of(
    operation: WriteCall, records: Sequence[bytes], key: str, values: Mapping[str, str]
) -> bytes:
    """Lay records into a GraphQL body; `values` are what {id} and {key} stand for."""
    alone = {
        "{record}": msgspec.Raw(records[0]),
        "{records}": [msgspec.Raw(record) for record in records],
    }
    named = {f"{{{name}}}": value for name, value in values.items()}
    return encode(operation.graphql_body({**named, "{idempotencyKey}": key}, alone))


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _with(record: bytes, field: str, value: bytes) -> bytes:
    """Put a field first; one that is there already is replaced."""
    name = encode(field)
    if name in record:
        rest = _decode(record)
        rest.pop(field, None)
        record = encode(rest)
    return b"{" + name + b":" + value + (b"," if record != b"{}" else b"") + record[1:]


def read_results(
    operation: WriteCall, document: object, records: Sequence[bytes], errors: Errors
) -> WriteResult:
    """Return what the answer says became of each record."""
    results = operation.answer
    count = len(records)
    result = WriteResult([None] * count)
    if not results.is_read:
        return result
    if results.records is None:
        if count == 1:
            row = _only(document)
            _judge(results, row, 0, result, errors)
            if results.required and result.target_ids[0] is None and not result.failures:
                result.failures[0] = MISSING
            _compare(results, row, records[0], 0, result)
        return result
    found = results.records(document)
    if not isinstance(found, list):
        if results.missing == "success" and found is None:
            return result
        found = []
    for place, row in matched(results, found, records).items():
        _judge(results, row, place, result, errors)
        _compare(results, row, records[place], place, result)
    return result


def _compare(
    results: ResultRules, row: object, record: bytes, place: int, result: WriteResult
) -> None:
    """Fail a record of which the target did not store every field, where the answer shows that."""
    if results.echo is None or place in result.failures:
        return
    stored = results.echo(row)
    if not isinstance(stored, dict):
        result.failures[place] = MISSING
        return
    lost = [name for name in _decode(record) if name not in stored]
    if lost:
        message = (
            f"the target took the record and dropped what it does not know: {', '.join(lost)}; "
            "correct the target paths of the mapping"
        )
        result.unkept[place] = Failure(Category.PERMANENT, "field_dropped", message, field=lost[0])


def matched(
    results: ResultRules, found: Sequence[object], records: Sequence[bytes]
) -> dict[int, object]:
    """Give each record's place its result; one without is MISSING, UNCLEAR or left out."""
    rows: dict[int, object] = {}
    missing = MISSING
    if results.index is not None:
        rows = _by_index(results.index, found, len(records))
    elif results.key is not None:
        rows = _by_key(results, results.key, found, records)
    elif len(found) == len(records):
        rows = dict(enumerate(found))
    else:
        missing = UNCLEAR  # in order, and not as many: which one is whose?
    if results.missing == "failure" or missing is UNCLEAR:
        return {place: rows.get(place, missing) for place in range(len(records))}
    return rows


def _by_index(
    read: Callable[[object], object], found: Sequence[object], count: int
) -> dict[int, object]:
    rows: dict[int, object] = {}
    for row in found:
        place = read(row)
        if type(place) is int and 0 <= place < count:
            rows[place] = UNCLEAR if place in rows else row
    return rows


def _by_key(
    results: ResultRules,
    read: Callable[[object], object],
    found: Sequence[object],
    records: Sequence[bytes],
) -> dict[int, object]:
    """Match by key; of records with one key each takes the next result, or all the only one."""
    own = results.key_of or read
    by_key: dict[str, list[object]] = defaultdict(list)
    for row in found:
        by_key[key_text(read(row))].append(row)
    places: dict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        places[key_text(own(_decode(record)))].append(place)
    rows: dict[int, object] = {}
    for key, same in places.items():
        told = by_key.get(key, []) if key else []
        if len(told) == 1:
            told = told * len(same)
        if told:
            unclear = len(told) != len(same)
            rows |= {p: UNCLEAR if unclear else r for p, r in zip(same, told, strict=False)}
            rows |= dict.fromkeys(same[len(told) :], UNCLEAR)
    return rows


def _only(document: object) -> object:
    """Return the result of a record that was sent alone, also out of an array of one."""
    if isinstance(document, list):
        return document[0] if len(document) == 1 else UNCLEAR
    return document


def _judge(
    results: ResultRules, row: object, place: int, result: WriteResult, errors: Errors
) -> None:
    failure = row if isinstance(row, Failure) else _refusal(results, row, errors)
    if failure is not None:
        result.failures[place] = failure
    elif results.id is not None:
        value = results.id(row)
        if not isinstance(value, dict | list | bool):
            result.target_ids[place] = key_text(value) or None


def _refusal(results: ResultRules, row: object, errors: Errors) -> Failure | None:
    status = results.status(row) if results.status else None
    words = one_line(results.error(row)) if results.error else ""
    if results.status is None:
        return _refused(None, words, row, errors) if words else None
    if isinstance(status, bool):
        return None if status else _refused(None, words, row, errors)
    if status is None and not words:
        return UNCLEAR
    if isinstance(status, str) and not status.isdigit():
        good = status.lower() in results.good_words
        return None if good else _refused(None, words or status, row, errors)
    code = int(status) if isinstance(status, int | str | Decimal) else 0
    return None if 200 <= code < 300 else _refused(code, words, row, errors)


def _refused(status: int | None, words: str, row: object, errors: Errors) -> Failure:
    text = encode(row).decode()
    words = words or error_message(row)
    usual = category_of(errors, status, text) if status else Category.PERMANENT
    category = errors.category(status or 200, text) or usual
    shown = f"{status}: {words}" if status and words else words or str(status or "no reason given")
    return Failure(
        category,
        f"http_{status}" if status else "record_refused",
        f"the target refused the record: {shown[:500]}",
        detail=text[:2000],
    )
