"""A GraphQL document's mistakes are told where it enters."""

from __future__ import annotations

from typing import Any

import graphql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.connectors.http import HttpConnector
from syncline.connectors.http.settings.graphql_document import parse_document
from syncline.domain.mapping.extraction import Extraction, ExtractionMode


def refusal_of(text: str) -> str:
    """Return why a document is refused, "" where it is not."""
    try:
        parse_document(text)
    except ValueError as error:
        return str(error)
    return ""


QUERY = "query Q($first: Int!, $after: String) { p(first: $first, after: $after) { id } }"
MUTATION = "mutation ($input: In!) { make(input: $input) { id } }"


def test_a_document_tells_its_kind_and_which_variables_it_cannot_go_without() -> None:
    document = parse_document(
        '''# a comment with } and "
        query Q($a: [In!]!, $b: [String!] = ["}"], $c: Int! = 3, $d: F = {x: {y: 1}} @dir(x: 1)) {
          p(a: $a, b: $b, text: """a "block" { of text""", c: "\\"{") { ...F id(c: $c, d: $d) }
        }
        fragment F on P { name }'''
    )
    assert document.kind == "query"
    assert document.variables == {"a": True, "b": False, "c": False, "d": False}
    assert parse_document("{ me }").kind == "query"
    assert parse_document(MUTATION).kind == "mutation"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be a GraphQL document"),
        ("{ me ", "line 1: '{' is not closed"),
        ("{ me }}", "line 1: '}' closes nothing"),
        ("query {\n a(b: 1] }", "line 2: ']' closes nothing"),
        ("select * from x", "is no GraphQL"),
        ("subscription { a }", "must be a query or a mutation"),
        ("query A { a } query B { b }", "second operation"),
        ("fragment F on P { name }", "no query and no mutation"),
        ("query Q($a: Int)", "ends before its fields"),
        ("query Q($a: Int) { p(a: $b) }", "uses $b, which it does not declare"),
        ('{ a(b: "x) }', "is no GraphQL"),
    ],
)
def test_what_cannot_be_sent_is_refused(text: str, words: str) -> None:
    assert words in refusal_of(text)


@given(st.text(alphabet='{}()[]$abq:!"\\ \n#,@=1.', max_size=40))
def test_what_graphql_itself_can_parse_is_refused_only_for_its_operations(text: str) -> None:
    try:
        found = graphql.parse(text)
    except graphql.GraphQLSyntaxError:
        found = None
    told = ("second operation", "does not declare", "must be a", "no query and no mutation")
    refused = refusal_of(text)
    assert not refused or found is None or any(words in refused for words in told)


TARGET: dict[str, Any] = {
    "endpoint": "/graphql", "query": MUTATION, "variables": {"input": "{record}"},
}  # fmt: skip
FOUND = "query ($keys: [String!]!) { p(keys: $keys) { id } }"


@pytest.mark.parametrize(
    ("target", "path", "words"),
    [
        ({"query": "mutation {"}, "query", "is not closed"),
        ({"variables": {}}, "variables.input", "declares it with `!`"),
        ({"variables": {"input": "x"}}, "variables", "must hold {record}"),
        ({"bulkSize": 5}, "variables", "must hold {records}"),
        ({"variables": {"input": "{record}", "inpt": 1}}, "variables.inpt", "did you mean"),
        ({"variables": {"input": ["{record}", "{id}"]}}, "variables.input", "{id} means nothing"),
        ({"method": "PUT"}, "method", "must be POST"),
        ({"body": {"a": 1}, "bodyPath": "a"}, "bodyPath", "say it in `variables`"),
        ({"parameters": {"a": 1}}, "parameters", "say it in `variables`"),
        ({"query": None}, "variables", "`query`, which is missing"),
        (
            {
                "update": {"endpoint": "/g", "query": MUTATION, "variables": {"input": "{record}"}},
                "lookup": {"endpoint": "/g", "query": MUTATION, "variables": {"input": "{key}"},
                           "id": "id"},
            },
            "lookup.query",
            "must be a query",
        ),
        (
            {
                "idempotent": True,
                "lookup": {"endpoint": "/g", "query": FOUND, "variables": {"keys": "x"},
                           "id": "id"},
            },
            "lookup.variables",
            "{key}",
        ),
    ],
)  # fmt: skip
def test_mistakes_of_a_graphql_target(target: dict[str, Any], path: str, words: str) -> None:
    found = HttpConnector.target_problems(TARGET | target)
    assert any(p.path == f"$.transformation.target.{path}" and words in p.message for p in found), (
        found
    )
    assert HttpConnector.target_problems(TARGET) == []


@pytest.mark.parametrize(
    ("options", "paging", "path", "words"),
    [
        ({"query": MUTATION}, {}, "options.query", "must be a query"),
        ({}, {"sizeParameter": "size"}, "options.variables.size", "not declared"),
        ({}, {"sizeParameter": ""}, "options.variables.first", "declares it with `!`"),
        ({}, {"type": "link"}, "paging.type", "no addresses"),
        ({"variables": {"x": "{now}"}}, {}, "options.variables.x", "means nothing"),
        ({"stable": {"parameters": {"a": 1}}}, {}, "options.stable", "not for GraphQL"),
        ({}, {"anchorAfter": 5}, "paging.anchorAfter", "needs paging by cursor"),
        ({"query": None}, {}, "paging.next", "is required"),
        (
            {"fetch": {"endpoint": "/g", "query": FOUND, "variables": {"keys": "x"}}},
            {},
            "options.fetch.variables",
            "must ask by {id}",
        ),
    ],
)
def test_mistakes_of_a_graphql_extraction(
    options: dict[str, Any], paging: dict[str, Any], path: str, words: str
) -> None:
    made = Extraction(
        id_column="id",
        mode=ExtractionMode.API,
        endpoint="/graphql",
        paging={"type": "cursor", "sizeParameter": "first"} | paging,
        options={"query": QUERY, "records": "data.p"} | options,
    )
    found = HttpConnector.extraction_problems(made)
    assert any(p.path == f"$.extraction.{path}" and words in p.message for p in found), found


def test_a_profiles_test_query_changes_nothing() -> None:
    config = {"baseUrl": "https://a.example"}
    for test, path in (
        ({"query": "{ me }"}, "endpoint"),
        ({"endpoint": "/g", "query": "mutation { x }"}, "query"),
    ):
        found = HttpConnector.config_problems(config | {"test": test}, {})
        assert [problem.path for problem in found] == [f"$.config.test.{path}"]
