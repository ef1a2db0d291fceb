"""Whatever somebody writes: it is refused with words, or it maps whatever records come."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from syncline.contracts.messages import encode
from syncline.domain.errors import Category, InvalidInputError
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.engine.compiler import compile_mapping
from syncline.domain.mapping.transformers.registry import BUILT_IN
from syncline.domain.mapping.validation import parse, warnings
from tests.support.mapped_records import mapped

DOCUMENT: dict[str, Any] = {
    "entityType": "item",
    "extraction": {"mode": "config", "table": "t", "columns": ["a"], "idColumn": "a",
                   "cursorColumn": "c", "cursorType": "date", "lookback": "PT1H",
                   "filters": [{"field": "a", "op": "gt", "value": 1}]},
    "normalization": {"fields": [
        {"source": "a", "target": "a", "type": "array", "required": False, "default": None},
        {"source": "b[].c", "target": "b", "type": "array", "transform": "coalesce",
         "options": {"fields": ["a"]}},
        {"source": "d", "target": "d", "type": "date", "format": "dd.MM.yyyy"},
    ]},
    "transformation": {
        "matchKey": ["a"], "omitNull": False, "smartSync": True, "target": {},
        "fields": [
            {"source": "a", "target": "a", "transform": ["trim", {"replace": {"search": "x"}}]},
            {"source": "b[]", "target": "t[].v", "when": {"any": [{"field": "a", "value": 1}]}},
            {"source": "d", "target": "u[1]", "transform": "dateFormat",
             "options": {"inputFormat": "yyyy-MM-dd", "timezone": "Asia/Tokyo"}},
        ],
        "static": [{"target": "t[].s", "value": 1}],
        "exclude": {"not": {"field": "a", "op": "exists"}},
    },
}  # fmt: skip
WORDS = st.sampled_from(
    ["", "a", "b", "a.b", "a[0]", "a[]", "t[].s", "u[1]", "[", '["a.b"]', "sql", "api", "int", "id",
     "gt", "in", "yyyy", "P1D", *BUILT_IN]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
OPTIONS = st.sampled_from(sorted({o for _, options in BUILT_IN.values() for o in options}))
STEPS = st.dictionaries(
    st.sampled_from(sorted(BUILT_IN)), st.dictionaries(OPTIONS, VALUES, max_size=3), min_size=1,
    max_size=1,
)  # fmt: skip
RECORDS = st.lists(st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4), max_size=3)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from places(inner, (*path, key))


def taken(document: Any) -> Mapping | None:
    """Return what is saved, None where it is refused with a word for every mistake."""
    try:
        return parse(document)
    except InvalidInputError as refused:
        problems = refused.problems
    assert problems
    assert all(problem.path.startswith("$") and problem.message for problem in problems)
    return None


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    """Replace what stands at a place, if an earlier change has left the place there."""
    *above, last = path
    for key in above:
        if not (isinstance(document, dict) and key in document) and not (
            isinstance(document, list) and key in range(len(document))
        ):
            return
        document = document[key]
    if isinstance(document, dict) or (isinstance(document, list) and last in range(len(document))):
        document[last] = value


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(places(DOCUMENT), key=str)), VALUES | STEPS), max_size=3
    ),
    RECORDS,
)
def test_nothing_that_is_saved_ever_crashes(
    changes: list[tuple[tuple[Any, ...], Any]], records: list[dict[str, Any]]
) -> None:
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes:
        put(document, path, value)
    mapping = taken(document)
    if mapping is None:
        event("refused")
        return
    event("taken")
    warnings(mapping)
    compiled = compile_mapping(mapping)
    raw = mapped(compiled.normalize, records)
    canonical = [record for record in raw.outputs if record is not None]
    payload = mapped(compiled.transform, canonical)
    for failure in [*raw.failures.values(), *payload.failures.values()]:
        assert failure.category is Category.PERMANENT
        assert failure.code != "unexpected_error", failure
    encode([raw.outputs, payload.outputs])
