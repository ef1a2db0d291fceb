"""What a mapping adds is bounded: a value that grows too far fails its own record, by its field."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from syncline.domain.mapping.engine.compiler import CompiledMapping, compile_mapping
from syncline.domain.mapping.validation import parse
from tests.support.mapped_records import MappedRecords, mapped

LONG = "x" * 900_000


def compiled(*fields: dict[str, Any], static: tuple[dict[str, Any], ...] = ()) -> CompiledMapping:
    """Compile a mapping whose transformation has these fields."""
    sources = {field["source"].split("[")[0].split(".")[0] for field in fields} | {"id", "more"}
    document = {
        "entityType": "item",
        "extraction": {"table": "t", "idColumn": "id"},
        "normalization": {
            "fields": [
                {"source": name, "target": name, "type": "array" if name in "ab" else "string"}
                for name in sorted(sources)
            ]
        },
        "transformation": {"fields": list(fields), "static": list(static), "matchKey": "id"},
    }
    document["transformation"]["fields"].append({"source": "id", "target": "id"})  # type: ignore[index]
    return compile_mapping(parse(document, stored=True))


def transformed(mapping: CompiledMapping, records: list[dict[str, Any]]) -> MappedRecords:
    return mapped(mapping.transform, records)


GROWING = [
    {"transform": "replace", "options": {"search": "a", "replace": LONG}},
    {"transform": "concat", "options": {"fields": ["more"] * 2000}},
    {"transform": ["split", "join"], "options": {"split": {"separator": "a"},
                                                 "join": {"separator": LONG}}},
]  # fmt: skip


@pytest.mark.parametrize("chain", GROWING, ids=["replace", "concat", "join"])
def test_a_value_that_grows_too_far_fails_its_record(chain: dict[str, Any]) -> None:
    mapping = compiled({"source": "text", "target": "text"} | chain)
    bomb = {"id": "1", "text": "a" * 2000, "more": "y" * 1000}
    plain = {"id": "2", "text": "b", "more": "y"}
    found = transformed(mapping, [plain, bomb, plain])
    assert found.outputs[0] is not None
    assert list(found.failures) == [1]
    failure = found.failures[1]
    assert (failure.code, failure.field) == ("value_too_large", "text")
    assert failure.message.startswith("text must have at most 900,000 characters")


def test_records_that_grow_too_far_together_fail_from_there_on() -> None:
    replaced = {"transform": "replace", "options": {"search": "a", "replace": "b" * 790_000}}
    mapping = compiled({"source": "text", "target": "text"} | replaced)
    found = transformed(mapping, [{"id": str(n), "text": "a"} for n in range(100)])
    assert list(found.failures) == list(range(40, 100))
    assert found.failures[99].field == "text"
    assert "the 32,000,000 that a mapping may add to one batch" in found.failures[99].message


def test_one_text_written_many_times_fails_its_record() -> None:
    fields = [{"source": "text", "target": f"t{n}"} for n in range(1000)]
    records = [{"id": "1", "text": "short"}, {"id": "2", "text": LONG}]
    found = transformed(compiled(*fields), records)
    assert found.outputs[0] is not None
    assert {place: failure.code for place, failure in found.failures.items()} == {
        1: "value_too_large"
    }


def test_a_long_fixed_text_in_every_record_fails_what_is_too_much() -> None:
    mapping = compiled(static=({"target": "note", "value": LONG},))
    found = transformed(mapping, [{"id": str(n)} for n in range(100)])
    assert Counter(f.field for f in found.failures.values()) == {"note": 65}


@pytest.mark.parametrize(
    ("field", "records"),
    [
        ({"source": "b", "target": "x[].y[]"}, {"a": [{"n": 1}] * 3000, "b": [1] * 3000}),
        ({"source": "more", "target": "x[].y"}, {"a": [{"n": 1}] * 3000, "more": LONG}),
    ],
    ids=["arrays within arrays", "a text in each element"],
)
def test_arrays_that_multiply_fail_their_record(
    field: dict[str, Any], records: dict[str, Any]
) -> None:
    mapping = compiled({"source": "a[].n", "target": "x[].n"}, field)
    small = {"id": "1", "a": [{"n": 1}], "b": [1], "more": "y"}
    found = transformed(mapping, [small, {"id": "2"} | records])
    assert found.outputs[0] is not None
    assert {place: failure.code for place, failure in found.failures.items()} == {
        1: "value_too_large"
    }


def test_nulls_before_an_index_are_counted() -> None:
    fields = [{"source": "text", "target": f"k{n}[1000]"} for n in range(100)]
    found = transformed(compiled(*fields), [{"id": str(n), "text": "a"} for n in range(100)])
    assert set(found.failures) == set(range(100))
    assert found.failures[0].code == "value_too_large"
