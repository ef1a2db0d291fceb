"""What a hook receives counts only as its system signs it: every scheme, and near misses."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.hook.signature import HookScheme, HookSignature
from syncline.security.hook_signatures import (
    WINDOW,
    HookSignatureError,
    checked_secret,
    new_hook_secret,
    rsa_key,
    verified,
)
from tests.support import hooks

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECRET = "a shared secret"
BODY = b'{"id": 7}'
OLD = timedelta(seconds=WINDOW + 1)
SHOPIFY = HookSignature(scheme=HookScheme.SHOPIFY)
WOOCOMMERCE = HookSignature(scheme=HookScheme.WOOCOMMERCE)
STANDARD = HookSignature(scheme=HookScheme.STANDARD)
APP = hooks.WixApp()
WIX = HookSignature(scheme=HookScheme.WIX, public_key=APP.public_key)


def hmac_in(header: str, **settings: object) -> HookSignature:
    return HookSignature(scheme=HookScheme.HMAC, header=header, **settings)  # type: ignore[arg-type]


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("signature", "headers"),
    [(SHOPIFY, hooks.shopify(SECRET, BODY)), (WOOCOMMERCE, hooks.woocommerce(SECRET, BODY))],
)
def test_a_shops_signature_counts_for_its_body_and_secret_alone(
    signature: HookSignature, headers: dict[str, str]
) -> None:
    sent = lower(headers)
    signed = verified(signature, [SECRET], sent, BODY, NOW)
    assert (signed.document, signed.delivery_id) == (BODY, "d-1")
    assert verified(signature, ["a new secret", SECRET], sent, BODY, NOW) == signed
    (name,) = [n for n in sent if "hmac" in n or "signature" in n]
    for secrets, headers_, body in (
        (["another one"], sent, BODY),
        ([SECRET], sent, BODY + b" "),
        ([SECRET], {}, BODY),
        ([SECRET], sent | {name: ""}, BODY),
        ([SECRET], sent | {name: "no base64 ü"}, BODY),
        ([SECRET], sent | {name: hmac.digest(SECRET.encode(), BODY, hashlib.sha256).hex()}, BODY),
        ([], sent, BODY),
    ):
        with pytest.raises(HookSignatureError):
            verified(signature, secrets, headers_, body, NOW)


def test_a_plain_hmac_is_where_and_how_the_settings_say() -> None:
    digest = hmac.digest(SECRET.encode(), BODY, hashlib.sha256)
    signature = hmac_in("X-Hub-Signature-256", prefix="sha256=", id_header="X-GitHub-Delivery")
    headers = {"x-hub-signature-256": f"sha256={digest.hex()}", "x-github-delivery": "g"}
    assert verified(signature, [SECRET], headers, BODY, NOW).delivery_id == "g"
    in_base64 = hmac_in("X-Sign", encoding="base64")
    headers = {"x-sign": hooks.base64_hmac(SECRET, BODY)}
    assert verified(in_base64, [SECRET], headers, BODY, NOW).delivery_id is None
    with pytest.raises(HookSignatureError):
        verified(hmac_in("X-Sign"), [SECRET], headers, BODY, NOW)


def test_a_standard_webhook_signs_its_id_and_a_time_that_is_near() -> None:
    secret = new_hook_secret(HookScheme.STANDARD)
    headers = hooks.standard(secret, BODY, "msg_1", NOW.timestamp())
    assert verified(STANDARD, [secret], headers, BODY, NOW).delivery_id == "msg_1"
    both = headers | {"webhook-signature": f"v1,AAAA v2,x {headers['webhook-signature']}"}
    assert verified(STANDARD, [secret], both, BODY, NOW).delivery_id == "msg_1"
    later = str(int((NOW + OLD).timestamp()))
    for moved, now in (
        ({}, NOW + OLD),
        ({}, NOW - OLD),
        ({"webhook-id": "msg_2"}, NOW),
        ({"webhook-timestamp": later}, NOW + OLD),
        ({"webhook-timestamp": "soon"}, NOW),
        ({"webhook-signature": "v1,"}, NOW),
    ):
        with pytest.raises(HookSignatureError):
            verified(STANDARD, [secret], headers | moved, BODY, now)


def test_a_wix_token_counts_by_its_key_and_until_it_expires() -> None:
    event = {"id": "e-1", "entityId": "c-7", "slug": "updated"}
    until = int(NOW.timestamp()) + 60
    signed = verified(WIX, [], {}, APP.token(event, exp=until), NOW)
    assert (signed.document, signed.delivery_id) == (
        b'{"id": "e-1", "entityId": "c-7", "slug": "updated"}', "e-1",
    )  # fmt: skip
    head, claims, mac = APP.token(event, exp=until).split(b".")
    stolen = HookSignature(scheme=HookScheme.WIX, public_key=hooks.WixApp().public_key)
    for signature, body, now in (
        (WIX, APP.token(event, exp=until), NOW + OLD + OLD),
        (WIX, APP.token(event, alg="none", exp=until), NOW),
        (WIX, APP.token(event, alg="HS256", exp=until), NOW),
        (WIX, head + b"." + claims + b".", NOW),
        (WIX, head + b"." + claims[:-4] + b"AAAA." + mac, NOW),
        (WIX, b"no token", NOW),
        (WIX, b"", NOW),
        (WIX, BODY, NOW),
        (stolen, APP.token(event, exp=until), NOW),
    ):
        with pytest.raises(HookSignatureError):
            verified(signature, [], {}, body, now)


def test_a_token_whose_event_has_another_form_is_shown_as_it_is() -> None:
    token = APP.token("text")
    signed = verified(WIX, [], {}, token, NOW)
    assert signed.document.startswith(b'{"data"')
    assert signed.delivery_id == hashlib.sha256(token).hexdigest()


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        (HookScheme.SHOPIFY, "short"),
        (HookScheme.SHOPIFY, "two\nlines of it"),
        (HookScheme.STANDARD, "whsec_not base64"),
        (HookScheme.STANDARD, "whsec_"),
    ],
)
def test_what_can_be_no_secret_is_refused(scheme: HookScheme, text: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_secret(scheme, text)
    assert checked_secret(scheme, f" {new_hook_secret(scheme)}\n")


def test_what_is_no_rsa_key_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no RSA key"):
        rsa_key("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")
