"""The compiled engine against a plain one, over random mappings and random records."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from syncline.contracts.messages import encode
from syncline.domain.errors import Category, InvalidInputError
from syncline.domain.mapping.engine.compiler import CompiledMapping, compile_mapping
from syncline.domain.mapping.validation import parse
from tests.support.mapped_records import mapped
from tests.support.plain_mapping import (
    EACH,
    Path,
    RequiredError,
    Rule,
    conflict,
    transform,
    written,
)

KEYS = st.sampled_from(["a", "b", "c", "x.y"])
STEPS = st.one_of(KEYS, st.sampled_from([EACH, EACH, 0, 1, 2]))
PATHS = st.builds(lambda head, rest: (head, *rest), KEYS, st.lists(STEPS, max_size=4))
SCALARS = st.sampled_from([None, None, "", "v", "w", 1, True])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), VALUES, max_size=2), max_size=3)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "a": ROWS | ROWS | VALUES,
        "b": ROWS | ROWS | VALUES,
        "c": st.sampled_from(["v", "w"]) | VALUES,
        "x.y": VALUES,
        "a.b": VALUES,
    },
)
ARRAYS = st.builds(
    lambda key, rest: (key, EACH, *rest),
    st.sampled_from(["a", "b"]),
    st.lists(st.sampled_from(["a", "b", EACH]), max_size=2),
)
WHEN = st.none() | st.tuples(st.just("c"), st.sampled_from(["v", "w"]))
FIELDS = st.builds(
    Rule,
    target=ARRAYS | PATHS,
    source=ARRAYS | PATHS,
    default=st.sampled_from([None, None, "d"]),
    required=st.sampled_from([False, False, False, True]),
    upper=st.booleans(),
    when=WHEN,
    omit_null=st.booleans(),
)
STATICS = st.builds(Rule, target=PATHS, value=st.sampled_from(["s", 0]))


def alike(one: Path, other: Path) -> Path:
    """Give a target the beginning of another, so that places meet more often than by chance."""
    return (*other[: len(other) - 1], *one[1:]) if len(other) > 1 else one


@st.composite
def mappings(draw: st.DrawFn) -> list[Rule]:
    rules: list[Rule] = []
    fields = draw(st.lists(FIELDS, min_size=1, max_size=5))
    for drawn in fields + draw(st.lists(STATICS, max_size=2)):
        rule, wish = drawn, draw(st.integers(0, 9))
        if rules and wish < 5:
            near = alike(rule.target, draw(st.sampled_from(rules)).target)[:6]
            rule = msgspec.structs.replace(rule, target=near)
        if wish == 0 or not conflict([*rules, rule]):
            rules.append(rule)
    return rules


def document(rules: list[Rule], *, omit_null: bool) -> dict[str, Any]:
    fields = [
        {
            "source": written(rule.source),
            "target": written(rule.target),
            "default": rule.default,
            "required": rule.required,
            "transform": ["upper"] if rule.upper else [],
            "omitNull": rule.omit_null,
            "when": rule.when and {"field": rule.when[0], "value": rule.when[1]},
        }
        for rule in rules
        if rule.source is not None
    ]
    static = [{"target": written(r.target), "value": r.value} for r in rules if r.source is None]
    names = ["a", "b", "c", '["x.y"]', '["a.b"]']
    return {
        "entityType": "item",
        "extraction": {"table": "t", "idColumn": "id"},
        "normalization": {"fields": [{"source": n, "target": n, "type": "array"} for n in names]},
        "transformation": {"fields": fields, "static": static, "omitNull": omit_null},
    }


def compiled(rules: list[Rule], *, omit_null: bool) -> CompiledMapping | None:
    try:
        return compile_mapping(parse(document(rules, omit_null=omit_null)))
    except InvalidInputError:
        return None


@settings(max_examples=400, deadline=None)
@given(mappings(), st.lists(RECORDS, min_size=1, max_size=3), st.booleans())
def test_engine_and_paper_agree(
    rules: list[Rule], records: list[dict[str, Any]], omit_null: bool
) -> None:
    mapping = compiled(rules, omit_null=omit_null)
    assert (mapping is None) == conflict(rules)
    if mapping is None:
        event("refused")
        return
    result = mapped(mapping.transform, records)
    for place, record in enumerate(records):
        try:
            expected = transform(rules, record, omit_null=omit_null)
        except RequiredError:
            failure = result.failures[place]
            assert (failure.code, failure.category) == ("required_field_empty", Category.PERMANENT)
            event("required")
            continue
        assert place not in result.failures, result.failures
        assert result.outputs[place] == expected
        text = encode(result.outputs[place]).decode()
        assert text == json.dumps(expected, sort_keys=True, separators=(",", ":"))
        event("empty" if not expected else "made")
