"""Records by column and back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.columns import Columns, joined

RECORDS = st.lists(
    st.dictionaries(st.sampled_from("abcde"), st.none() | st.integers() | st.text(max_size=2))
)


@given(RECORDS)
def test_records_come_back_as_they_were(records: list[dict[str, object]]) -> None:
    columns = Columns.of(records)
    assert columns.records() == records
    again = msgspec.json.decode(msgspec.json.encode(columns), type=Columns)
    assert again.records() == records


@given(RECORDS)
def test_a_column_holds_null_where_a_record_lacks_the_key(records: list[dict[str, object]]) -> None:
    columns = Columns.of(records)
    assert {key: columns.column(key) for key in "abcde"} == {
        key: [record.get(key) for record in records] for key in "abcde"
    }


@given(RECORDS, RECORDS)
def test_joined_ones_hold_all_records_in_order(
    first: list[dict[str, object]], second: list[dict[str, object]]
) -> None:
    assert joined([Columns.of(first), Columns.of(second)]).records() == first + second


@given(RECORDS.filter(bool), st.data())
def test_a_part_holds_the_records_at_its_places(
    records: list[dict[str, object]], data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, len(records) - 1)))
    assert Columns.of(records).part(places).records() == [records[p] for p in places]


def test_records_with_keys_of_their_own_take_no_column_for_each() -> None:
    columns = Columns.of([{"id": n, f"x{n}": n} for n in range(100)])
    assert list(columns.values) == ["id"]
    assert columns.rest[7] == {"x7": 7}


@pytest.mark.parametrize(
    "wrong", [b'{"size":2,"values":{"a":[1]}}', b'{"size":2,"values":{"a":[1,2]},"rest":[{}]}']
)
def test_columns_of_unequal_length_are_refused(wrong: bytes) -> None:
    with pytest.raises(msgspec.ValidationError, match="unequal length"):
        msgspec.json.decode(wrong, type=Columns)
