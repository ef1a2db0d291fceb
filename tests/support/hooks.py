"""Hooks, and systems that sign what they send to them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from syncline.security.signature import signed_headers

PLAIN = {"scheme": "hmac", "header": "X-Signature", "prefix": "sha256=", "idHeader": "X-Delivery"}


def base64_hmac(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def shopify(secret: str, body: bytes, delivery: str = "d-1") -> dict[str, str]:
    return {"X-Shopify-Hmac-Sha256": base64_hmac(secret, body), "X-Shopify-Webhook-Id": delivery}


def woocommerce(secret: str, body: bytes, delivery: str = "d-1") -> dict[str, str]:
    return {
        "X-WC-Webhook-Signature": base64_hmac(secret, body),
        "X-WC-Webhook-Delivery-ID": delivery,
    }


def standard(
    secret: str, body: bytes, delivery: str = "d-1", at: float | None = None
) -> dict[str, str]:
    return signed_headers(delivery, int(time.time() if at is None else at), body, [secret])


def plain(secret: str, body: bytes, delivery: str = "d-1") -> dict[str, str]:
    digest = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return {"X-Signature": f"sha256={digest}", "X-Delivery": delivery}


class WixApp:
    """An app of Wix: its public key, and tokens that are signed with the private one."""

    def __init__(self) -> None:
        self._key: RSAPrivateKey = generate_private_key(65537, 2048)
        public = self._key.public_key()
        form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = public.public_bytes(*form).decode()

    def token(self, event: Any, alg: str = "RS256", **claims: Any) -> bytes:
        inner = json.dumps({"data": json.dumps(event), "eventType": "x", "instanceId": "i"})
        parts = [{"alg": alg, "typ": "JWT"}, {"data": inner, **claims}]
        signed = b".".join(_url(json.dumps(part).encode()) for part in parts)
        return signed + b"." + _url(self._key.sign(signed, PKCS1v15(), SHA256()))


def _url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


async def make_hook(
    user: httpx.AsyncClient, signature: dict[str, Any] | None = None, **fields: Any
) -> tuple[str, str]:
    """Make a hook of items by the API; return its ID, and its secret ("" if it needs none)."""
    body = {"name": "shop items", "instance": "erp-shop", "entityType": "item", "sourceIds": "id"}
    signed: dict[str, Any] = {"signature": signature or {"scheme": "shopify"}}
    made = await user.post("/inbound-webhooks", json=body | signed | fields)
    assert made.status_code == 201, made.text
    if signed["signature"]["scheme"] == "wix":
        return made.json()["id"], ""
    given = await user.post(f"/inbound-webhooks/{made.json()['name']}/rotate-secret", json={})
    assert given.status_code == 200, given.text
    return made.json()["id"], given.json()["secret"]
