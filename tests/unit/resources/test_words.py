"""Every field of every document with every wrong type: words for people, all of them at once."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from syncline.domain.configuration.documents import Kind, TenantConfiguration
from syncline.domain.errors import InvalidInputError
from syncline.resources.checks import check
from syncline.resources.edits import read_request_document
from syncline.resources.loader import DocumentLocation, DocumentSet, load, read_document

PYTHON = re.compile(
    r"Input|instance of|Error|valid (dictionary|list|string|boolean|integer|number)|\bdict\b"
    r"|_type\b|\bNone\b|\bTrue\b|\bFalse\b|Expected|Invalid|pydantic|should|got `"
)
GOOD: dict[Kind, dict[str, Any]] = {
    Kind.PROFILE: {
        "name": "a", "connector": "sqlite", "config": {"file": "/x.db"}, "secrets": {},
        "active": True, "maxConcurrent": 1, "rate": 1.5,
        "retry": {"retries": 1, "base": 1.0, "cap": 1.0},
    },
    Kind.INSTANCE: {"name": "a", "source": "b", "target": "c", "mappings": ["d"], "enabled": True},
    Kind.SCHEDULE: {
        "name": "a", "instance": "b", "entityType": "c", "cron": "0 5 * * *", "timezone": "UTC",
        "enabled": True,
    },
    Kind.MAPPING: {
        "name": "a", "entityType": "item",
        "extraction": {"mode": "config", "table": "t", "idColumn": "id", "cursorColumn": "c",
                       "cursorType": "datetime", "lookback": "PT0S", "filters": []},
        "normalization": {"fields": [{"source": "id", "target": "sku", "type": "string",
                                      "required": True, "default": None, "transform": ["trim"],
                                      "options": {}}]},
        "transformation": {"matchKey": "sku", "target": {"table": "t"},
                           "fields": [{"source": "sku", "target": "sku"}],
                           "static": [{"target": "x", "value": 1}], "smartSync": True,
                           "verify": True},
    },
}  # fmt: skip
WRONG: list[Any] = [
    None, True, 5, -1, 1.5, 2**70, "", "text", "x" * 10_000, [], ["a"], [None], {}, {"a": 1}, [[1]],
]  # fmt: skip


def load_document(kind: Kind, body: dict[str, Any]) -> DocumentSet:
    found = DocumentSet()
    location = DocumentLocation("a.yaml", "the document", {})
    read_document(found, body | {"kind": kind.value}, location, {})
    return found


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    parts: Any = value.items() if isinstance(value, dict) else enumerate(
        value if isinstance(value, list) else []
    )  # fmt: skip
    for key, part in parts:
        found += places(part, (*path, key))
    return found


def with_(value: Any, path: tuple[Any, ...], wrong: object) -> Any:
    copy = json.loads(json.dumps(value))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = wrong
    return copy


CASES = [(kind, path) for kind, good in GOOD.items() for path in places(good)]


@pytest.mark.parametrize(("kind", "path"), CASES, ids=[f"{k}.{p}" for k, p in CASES])
def test_no_wrong_type_is_answered_in_words_of_the_language(
    kind: Kind, path: tuple[Any, ...]
) -> None:
    for wrong in WRONG:
        loaded = load_document(kind, with_(GOOD[kind], path, wrong))
        for mistake in check(loaded, TenantConfiguration()):
            assert not PYTHON.search(mistake.message.partition(", not ")[0]), mistake
            assert len(mistake.message) < 600, mistake
            assert mistake.path.startswith("$")


@pytest.mark.parametrize(
    ("kind", "wrong", "right"),
    [
        (Kind.PROFILE, "max_concurrent", "maxConcurrent"),
        (Kind.SCHEDULE, "entity_type", "entityType"),
        (Kind.PROFILE, "api_version", "apiVersion"),
        (Kind.MAPPING, "entity_type", "entityType"),
    ],
)
def test_another_spelling_is_unknown(kind: Kind, wrong: str, right: str) -> None:
    document = GOOD[kind] | {wrong: GOOD[kind].get(right, "syncline/v1")}
    said = [f"{m.path}: {m.message}" for m in load_document(kind, document).mistakes]
    assert said == [f"$.{wrong}: unknown field; did you mean `{right}`?"]


def test_all_mistakes_of_a_document_come_at_once() -> None:
    document = GOOD[Kind.PROFILE] | {
        "maxConcurent": 3, "active": "no", "rate": -1, "retry": {"retrys": 1, "base": "x"},
        "secrets": {"a": "plain"},
    }  # fmt: skip
    paths = sorted(mistake.path for mistake in load_document(Kind.PROFILE, document).mistakes)
    assert paths == [
        "$.active", "$.maxConcurent", "$.rate", "$.retry.base", "$.retry.retrys", "$.secrets.a",
    ]  # fmt: skip


def test_an_unknown_field_of_a_part_names_the_fields_of_that_part() -> None:
    loaded = load_document(Kind.PROFILE, GOOD[Kind.PROFILE] | {"retry": {"attempts": 1}})
    assert loaded.mistakes[0].message == "unknown field; known: base, cap, retries"


def test_names_that_are_near_are_offered() -> None:
    stored = TenantConfiguration(
        profiles=load_document(Kind.PROFILE, GOOD[Kind.PROFILE] | {"name": "erp-main"}).profiles,
        mappings=load_document(Kind.MAPPING, GOOD[Kind.MAPPING] | {"name": "items"}).mappings,
    )
    instance = {"name": "i", "source": "erp-mian", "target": "erp-main", "mappings": ["item"]}
    said = [m.message for m in check(load_document(Kind.INSTANCE, instance), stored)]
    assert said == [
        "there is no profile 'erp-mian'; did you mean `erp-main`?",
        "there is no mapping 'item'; did you mean `items`?",
    ]


@pytest.mark.parametrize("body", [None, 1, "x", [], [1], True])
def test_a_body_that_is_no_object_is_named(body: object) -> None:
    with pytest.raises(InvalidInputError, match="must be an object"):
        read_request_document(Kind.PROFILE, None, body)


FILES = {
    "empty.yaml": (b"", "hold no document"),
    "comment.yaml": (b"# nothing\n", "hold no document"),
    "tab.yaml": (b"kind: Profile\n\tname: a\n", "tab"),
    "twice.yaml": (b"kind: Profile\nname: a\nname: b\n", "the key `name` stands twice"),
    "anchor.yaml": (b"kind: Instance\nname: a\nsource: &s x\ntarget: *s\nmappings: []\n",
                    "there is no profile 'x'"),
    "loop.yaml": (b"kind: Profile\nname: a\nconfig: &c {file: *c}\n", "nested too deeply"),
    "list.yaml": (b"- a\n- b\n", "must be an object, not [\"a\", \"b\"]"),
    "text.yaml": (b"hello\n", "must be an object, not 'hello'"),
    "latin.yaml": (b"kind: Profile\nname: M\xfcller\n", "is not UTF-8 text"),
    "bom.yaml": (b"\xef\xbb\xbfkind: Instance\nname: a\n", "source: is required"),
    "nan.json": (b'{"kind": "Profile", "name": "a", "connector": "sqlite", "rate": NaN}', "rate"),
    "half.json": (b'{"kind": ', "no JSON"),
    "empty.json": (b"", "no JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_any_kind_is_answered_in_words(name: str, tmp_path: Path) -> None:
    content, words = FILES[name]
    (tmp_path / name).write_bytes(content)
    said = ""
    try:
        loaded = load([str(tmp_path / name)], {})
        said = "\n".join(
            str(mistake).replace("$.", "") for mistake in check(loaded, TenantConfiguration())
        )
    except Exception as error:  # noqa: BLE001 - whatever is said is looked at
        said = str(error)
    assert words in said
    assert not re.search(r"Error|Traceback|<unicode|found character", said), said


def test_two_documents_of_one_name_and_a_file_that_is_none_are_named(tmp_path: Path) -> None:
    text = "kind: Instance\nname: a\nsource: b\ntarget: c\n"
    (tmp_path / "a.yaml").write_text(f"{text}---\n{text}")
    said = [str(mistake) for mistake in load([str(tmp_path / "a.yaml")], {}).mistakes]
    assert len(said) == 1
    assert "a.yaml:7: Instance a: $.name: stands in" in said[0]
    with pytest.raises(Exception, match="No such file"):
        load([str(tmp_path / "nowhere.yaml")], {})


@pytest.mark.parametrize("field", ["base", "cap"])
def test_a_retry_comes_within_five_minutes(field: str) -> None:
    """No retry topic waits longer, and one that does holds up the others on it."""
    body = GOOD[Kind.PROFILE] | {"retry": {field: 300.5}}
    (mistake,) = load_document(Kind.PROFILE, body).mistakes
    assert (mistake.path, "300" in mistake.message) == (f"$.retry.{field}", True)
