"""What answers mean: categories, words, and when to come back."""

from __future__ import annotations

import pytest

from syncline.connectors.http.answers.answer import (
    Answer,
    UnreadableError,
    document_of,
    error_message,
    failure_of,
    key_text,
)
from syncline.connectors.http.settings.profile import Errors
from syncline.domain.errors import Category


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, body, "POST https://api.example/items")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_these_are_tried_again(status: int) -> None:
    assert failure_of(answer(status), Errors(), str).category is Category.TRANSIENT


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422])
def test_these_are_final(status: int) -> None:
    assert failure_of(answer(status), Errors(), str).category is Category.PERMANENT


@pytest.mark.parametrize("status", [402, 418, 501, 505, 520])
def test_the_rest_is_unknown(status: int) -> None:
    assert failure_of(answer(status), Errors(), str).category is Category.UNKNOWN


@pytest.mark.parametrize(("status", "lost"), [(500, False), (502, True), (504, True), (400, False)])
def test_a_gateway_that_got_no_answer_leaves_open_what_was_done(status: int, lost: bool) -> None:
    assert failure_of(answer(status), Errors(), str).ambiguous is lost


def test_the_first_rule_that_fits_counts() -> None:
    rules = [{"status": 500, "contains": "syntax"}, {"status": 400, "category": "transient"}]
    errors = Errors.model_validate({"rules": rules})

    assert failure_of(answer(500, b"syntax"), errors, str).category is Category.PERMANENT
    assert failure_of(answer(500, b"memory"), errors, str).category is Category.TRANSIENT
    assert failure_of(answer(400, b"x"), errors, str).category is Category.TRANSIENT


def test_secrets_are_taken_out_of_an_apis_words() -> None:
    failure = failure_of(
        answer(400, b'{"message": "key s3cret!"}'), Errors(), lambda t: t.replace("s3cret", "***")
    )

    assert failure.message.endswith("answered 400: key ***!")
    assert failure.detail == '{"message": "key ***!"}'


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"message": "a"}, "a"),
        ({"error": {"message": {"text": "x"}, "detail": "b"}}, "b"),
        ({"error": {"code": -10, "message": {"lang": "en-us", "value": "a"}}}, "a"),
        ({"errors": [{"message": "a"}, {"message": "b"}]}, "a; b"),
        ({"error": "invalid_client", "error_description": "no such client"}, "no such client"),
        ({"title": "Bad", "detail": "price is missing"}, "price is missing"),
        (["a", "b"], "a; b"),
        ({"code": 7}, ""),
    ],
)
def test_the_message_is_searched_where_most_apis_have_it(document: object, words: str) -> None:
    assert error_message(document) == words


def test_a_configured_message_and_code_are_used() -> None:
    errors = Errors.model_validate({"message": "fault.text", "code": "fault.id"})
    body = b'{"message": "no", "fault": {"text": "too\\nlong", "id": 12}}'

    assert failure_of(answer(400, body), errors, str).message.endswith("400: 12: too long")


def test_bodies_are_read_exactly() -> None:
    document = document_of(answer(200, b'\xef\xbb\xbf{"a": 1.10, "b": 123456789012345678901}'))

    assert str(document["a"]) == "1.10"
    assert document["b"] == 123456789012345678901
    assert document_of(answer(204)) is None


@pytest.mark.parametrize("body", [b"<html>", b"  <?xml ?>", b"{", b"NaN", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_told_with_its_content_type(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="content type text/html") as caught:
        document_of(answer(200, body, content_type="text/html; charset=x"))
    assert ("login page" in str(caught.value)) == (body.lstrip()[:1] == b"<")


@pytest.mark.parametrize("number", [b"1e1000000000000000000000", b"1" * 5000])
def test_a_number_that_no_machine_holds_is_told(number: bytes) -> None:
    with pytest.raises(UnreadableError, match="no JSON"):
        document_of(answer(200, number))


def test_an_id_is_no_text_of_a_gigabyte() -> None:
    assert key_text(document_of(answer(200, b"1e99999999"))) == "1E+99999999"
    assert key_text(document_of(answer(200, b"12.50"))) == "12.50"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"upstream busy: table is locked\r\nline 2", "upstream busy: table is locked"),
        (b"<html><head><title>503 Service &amp; more</title></head></html>", "503 Service & more"),
        (b"<fault><text>no stock</text></fault>", "no stock"),
        (b'{"errors": {"sku": ["has already been taken"]}}', "sku: has already been taken"),
        (b'{"fault": {"faultstring": "quota"}, "n": 1}', "faultstring: quota"),
        (b'"only a text"', "only a text"),
        (b"", ""),
        (b"\x00\xff\xfe", ""),
        (b"{}", ""),
        (b"<", ""),
    ],
)
def test_a_failure_tells_the_targets_own_words_wherever_they_stand(body: bytes, words: str) -> None:
    said = "POST https://api.example/items answered 503" + (f": {words}" if words else "")
    assert failure_of(answer(503, body), Errors(), str).message == said
