"""Signing what webhooks carry, by the Standard Webhooks convention: receivers can check it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

_PREFIX = "whsec_"
_BYTES = 32


def new_signing_secret() -> str:
    """Return a fresh secret: `whsec_` and base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed_headers(
    message_id: str, timestamp: int, body: bytes, signing: Sequence[str]
) -> dict[str, str]:
    """Return the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.

    The ID is the same on every attempt, the timestamp (seconds since 1970) is the attempt's. While
    one secret replaces another, both sign.
    """
    signed = b"%s.%d." % (message_id.encode(), timestamp) + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in signing),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
