"""Signatures are those of the Standard Webhooks convention."""

from __future__ import annotations

import base64

from syncline.security.signature import new_signing_secret, signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_known_message_has_the_known_signature() -> None:
    body = b'{"test": 2432232314}'
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, [SECRET])
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_secrets_sign_side_by_side() -> None:
    other = new_signing_secret()
    both = signed_headers("m", 1, b"{}", [other, SECRET])["webhook-signature"]
    assert both.split(" ") == [
        signed_headers("m", 1, b"{}", [secret])["webhook-signature"] for secret in (other, SECRET)
    ]


def test_a_new_secret_is_long_enough_and_never_the_same() -> None:
    one, two = new_signing_secret(), new_signing_secret()
    assert one != two
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
