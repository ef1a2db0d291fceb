"""Bundles: what they can be cut into, and what the release before sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.contracts.bundle import BatchPart, Bundle, bundle_in, decode_bundle, encoded_payloads
from syncline.contracts.messages import Settled, encode
from syncline.contracts.outbound import bundle_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.timings import decode_report
from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns
from tests.support.reports import origins, records_of
from tests.support.stage_messages import delivered, of_run

ID = "01a218f0-d9ad-7980-81d9-14cf848cf7d1"
RUN = RunRef(ID, "default", 1, ID, "item", ID, ID, ID, 1)
RUNS = {ID: RUN}


def bundle(*sizes: int) -> Bundle:
    """Return a bundle of batches of these sizes, with slots that leave gaps."""
    parts = [BatchPart(7 + n, 100 + n, list(range(1, 2 * size, 2))) for n, size in enumerate(sizes)]
    count = sum(sizes)
    records = [{"n": n} for n in range(count)]
    hashes = [f"{n:032x}" for n in range(count)]
    return Bundle(RUN, 3, parts, [f"A{n}" for n in range(count)], Columns.of(records), hashes)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.data())
def test_a_part_keeps_each_record_with_its_batch_and_slot(
    sizes: list[int], data: st.DataObject
) -> None:
    whole = bundle(*sizes)
    places = sorted(data.draw(st.sets(st.integers(0, len(whole) - 1), min_size=1)))
    part = whole.part(places)
    rows = list(zip(whole.ids, origins(whole), records_of(whole), whole.row_hashes, strict=True))
    assert list(zip(part.ids, origins(part), records_of(part), part.row_hashes, strict=True)) == [
        rows[p] for p in places
    ]
    assert [p for _, own in whole.by_batch(places) for p in own] == places
    for place, (number, slot, _) in enumerate(origins(part)):
        assert part.place_of(number, slot) == place
    message = delivered(bundle_message(part, Stage.EXECUTE))
    assert decode_bundle(message.value).run == ID
    assert bundle_in(message, RUNS) == part


def test_a_slot_that_is_not_there_has_no_place() -> None:
    assert [bundle(2, 1).place_of(*where) for where in ((7, 2), (9, 1), (8, 1))] == [None, None, 2]


def older(**changes: Any) -> bytes:
    """Return a batch as the release before sent it."""
    records = [{"b": 1, "a": None}, {"a": 2.50}]
    fields = {"run": RUN, "number": 4, "lane": 1, "slots": [0, 3], "ids": ["A", "B"]}
    more = {"records": records, "attempt": 2, "version": 99, "v": 1}
    return encode(fields | more | changes)


def test_a_batch_of_the_release_before_is_read_as_a_bundle() -> None:
    read = decode_bundle(older())
    assert (read.lane, read.ids, read.attempt) == (1, ["A", "B"], 2)
    assert origins(read) == [(4, 0, 99), (4, 3, 99)]
    assert encoded_payloads(read.columns).objects == [b'{"a":null,"b":1}', b'{"a":2.5}']


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"{}",
        b"[]",
        encode(msgspec.to_builtins(bundle(2)) | {"ids": ["A0"]}),
        encode(msgspec.to_builtins(bundle(2)) | {"batches": []}),
        older(slots=[0]),
        older(records=[1, 2]),
        older(ids=[], slots=[], records=[]),
    ],
)
def test_what_is_no_bundle_is_refused_by_the_decoder(wrong: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_bundle(wrong)


def test_an_outcome_report_of_the_release_before_is_read() -> None:
    fields = {"type": "settled", "run": RUN, "number": 2, "slots": [0, 1], "codes": "SF"}
    report = decode_report(of_run("outcomes", encode({**fields, "stage": "execute"})), RUNS)
    assert isinstance(report, Settled)
    (batch,) = report.batches
    assert (batch.number, batch.slots, batch.codes) == (2, [0, 1], "SF")
    wrong = encode({**fields, "slots": [0], "stage": "execute"})
    with pytest.raises(msgspec.DecodeError):
        decode_report(of_run("outcomes", wrong), RUNS)


@pytest.mark.parametrize("longer", ["", "ü%b" * 1_000], ids=["short", "long"])
@given(
    records=st.lists(
        st.fixed_dictionaries(
            {"a%b": st.none() | st.integers() | st.text() | st.booleans(), 'q"': st.text()},
            optional={"z": st.lists(st.integers(), max_size=2)},
        )
    )
)
def test_payloads_are_the_records_as_json(longer: str, records: list[dict[str, Any]]) -> None:
    for record in records:
        record['q"'] += longer
    ordered = [dict(sorted(record.items())) for record in records]
    encoded = encoded_payloads(Columns.of(ordered), lines=True)
    assert encoded.objects == list(map(encode, ordered))
    if encoded.lines is not None:
        rows = [encode(list(record.values()))[1:-1] + b"\n" for record in ordered]
        assert encoded.lines == b"".join(rows)


@pytest.mark.parametrize("value", [{"a": 1}, [], "{}", "[1]"])
@pytest.mark.parametrize("place", [0, 1])
def test_only_what_is_nested_has_no_lines(value: Any, place: int) -> None:
    column = ["a", "b"]
    column[place] = value
    encoded = encoded_payloads(Columns(2, {"n": [1, None], "v": column}), lines=True)
    assert (encoded.lines is None) == (not isinstance(value, str))
