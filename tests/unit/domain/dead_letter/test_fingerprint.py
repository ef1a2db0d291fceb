"""Which failures are alike: what is the record's is masked, what tells causes apart is not."""

from __future__ import annotations

import pytest

from syncline.domain.dead_letter.fingerprint import fingerprint, of_record, pattern_of

ONE = ("ABC", b'{"sku":"ABC","title":"Red pen","status":"ACTIVE"}', "sku")
OTHER = ("pen/x 2", b'{"sku":"pen/x 2","title":"Blue ink pot","status":"ACTIVE"}', "sku")

ALIKE = [
    ("SKU ABC already exists", "SKU pen/x 2 already exists"),
    ("sku abc already exists", "sku PEN/X 2 already exists"),
    ("PUT http://shop/ABC answered 404: gone", "PUT http://shop/pen%2Fx%202 answered 404: gone"),
    ("title Red pen is not unique", "title Blue ink pot is not unique"),
    ("price 12.50 is below 3", "price 1,200.00 is below 17"),
    ("6F1C2A9E-8A4C-7D50-B3C5-1F0F3C1A2B3D is", "019ac0f2-8a4c-7d50-b3c5-1f0f3c1a2b3d is"),
    ("valid from 2026-01-31 is over", "valid from 2026-01-31T10:15:00.123+01:00 is over"),
    ("valid from 31.01.2026 is over", "valid from 1/2/2026 is over"),
    ("locked since Sun, 29 Nov 2026 07:45:47 GMT", "locked since Mon, 1 Jun 2026 12:00:00 GMT"),
    ("order 17 conflicts with order A-77", "order 18 conflicts with order B-2"),
    ("cannot read 'O'Brien' as a number", "cannot read '' as a number"),
    ("cannot read “x” as a number", "cannot read “y z” as a number"),
    ('invalid input: "a very long val', 'invalid input: "b'),
    ("customer a.b@example.com is blocked", "customer c@example.org is blocked"),
    ("lines 1, 2 and 3 are empty", "lines 4, 5 and 16 are empty"),
    ("product gid://shop/Product/123 is archived", "product gid://shop/Product/9 is archived"),
    ("Key (sku)=(ABC) exists", "Key (sku)=(zz) exists"),
    ("status 7 of ABC is unknown", "status 8 of pen/x 2 is unknown"),
]  # fmt: skip
APART = [
    ("POST /items answered 409: no", "POST /items answered 422: no"),
    ("the server said HTTP 502", "the server said HTTP 504"),
    ("status code 500", "status code 503"),
    ("answered 400: -5002: no", "answered 400: -10: no"),
    ('violates unique constraint "items_a_key"', 'violates unique constraint "items_b_key"'),
    ('null value in column "name" of it', 'null value in column "sku" of it'),
    ("ORA-00001: unique constraint", "ORA-01400: unique constraint"),
    ("SQLSTATE 23505", "SQLSTATE 23503"),
    ("(#100) wrong", "(#190) wrong"),
    ("[E_LOCKED] wrong", "[E_GONE] wrong"),
    ("field 'title' is wrong", "field 'price' is wrong"),
    ('"title" is required', '"price" is required'),
    ("address1 is too long", "address2 is too long"),
    ("title can't be blank, it won't do", "title can't be long, it won't do"),
    ("too long for character varying(10)", "too long for character varying(20)"),
    ("status ACTIVE is not allowed", "status DRAFT is not allowed"),
    ("errno 13", "errno 111"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_belongs_to_the_record_makes_no_group_of_its_own(one: str, other: str) -> None:
    assert pattern_of(one, of_record(*ONE)) == pattern_of(other, of_record(*OTHER))


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_tells_causes_apart_is_kept(one: str, other: str) -> None:
    assert pattern_of(one, of_record(*ONE)) != pattern_of(other, of_record(*ONE))


def test_a_pattern_reads_well() -> None:
    message = 'POST http://shop/items answered 409: SKU ABC exists since 2026-01-31, see "x"'
    pattern = "POST http://shop/items answered 409: SKU ? exists since ?, see ?"
    assert pattern_of(message, of_record(*ONE)) == pattern
    assert pattern_of(pattern) == pattern, "what is masked stays as it is"


@pytest.mark.parametrize(
    ("id_", "payload", "key"),
    [
        ("409", b'{"sku":"409"}', "sku"),
        ("items_a_key", b"{}", None),
        ("", b"", ("a", "b")),
        ("x", b"\xff no json", "sku"),
        ("x", b'{"a":' * 5000, "a"),
        ("x" * 512, None, ["sku", "seller"]),
    ],
)
def test_ids_that_look_like_causes_and_odd_payloads(id_: str, payload: bytes, key: object) -> None:
    known = of_record(id_, payload, key)
    assert "answered 409" in pattern_of("POST /items answered 409", known)
    assert '"items_a_key"' in pattern_of('violates constraint "items_a_key"', known)


def test_parts_of_a_composite_match_key_and_the_target_id_are_the_records() -> None:
    payload = b'{"id":7,"seller":{"code":"Meier"}}'
    known = of_record("7|Meier", payload, ["id", "seller.code"], "shop-item-x")
    assert pattern_of("seller Meier has shop-item-x already", known) == "seller ? has ? already"


def test_the_place_in_a_list_makes_no_group_of_its_own() -> None:
    one, other, far = (fingerprint("execute", "c", "m", f) for f in ("l[0].p", "l[13].p", "l[0].q"))
    assert one == other != far
    assert fingerprint("execute", "http_422", "m", None) != fingerprint("execute", "c", "m", None)


def test_a_huge_message_of_few_words_is_masked_in_one_go() -> None:
    assert pattern_of("a1-" * 100_000).startswith("?")
    assert pattern_of("'" * 50_000)
