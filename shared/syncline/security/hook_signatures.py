"""Verifying what a hook receives. Every scheme compares in constant time.

What a scheme signs differs: Standard Webhooks sign ID, time and body, Wix a token with its expiry;
the others sign the body alone, so that whoever has captured a delivery can send it again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from syncline.domain.errors import InvalidInputError, Problem, SynclineError
from syncline.domain.hook.signature import HookScheme, HookSignature
from syncline.security.signature import new_signing_secret
from syncline.security.tokens import new_token

WINDOW = 300
"""Seconds by which a signed time may differ from ours."""
MOST_SIGNATURES = 10
"""Signatures of one delivery: a sender that changes its secret sends two."""
SHORTEST, LONGEST = 8, 500
"""Characters of a secret that a system has given."""
_PREFIX = "whsec_"


class HookSignatureError(SynclineError):
    """A delivery is not the sender's own; the text is for the hook's owner, never the sender."""


class Signed(msgspec.Struct, frozen=True):
    """What a sender has signed: a JSON document, and the delivery's ID if it has one."""

    document: bytes
    delivery_id: str | None


def new_hook_secret(scheme: HookScheme) -> str:
    """Return a fresh secret in the scheme's form."""
    return new_signing_secret() if scheme is HookScheme.STANDARD else new_token()


def checked_secret(scheme: HookScheme, text: str) -> str:
    """Return a secret that a system has given. Raises InvalidInputError: it cannot be one."""
    secret = text.strip()
    problem = None
    if not SHORTEST <= len(secret) <= LONGEST or not secret.isprintable():
        problem = f"must have {SHORTEST} to {LONGEST} characters on one line"
    elif scheme is HookScheme.STANDARD and len(_standard_key(secret)) < SHORTEST:
        problem = f"must be base64, with or without `{_PREFIX}` before it"
    if problem:
        raise InvalidInputError([Problem("$.secret", problem)])
    return secret


def verified(
    signature: HookSignature,
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> Signed:
    """Return what was signed. Raises HookSignatureError.

    Args:
        secrets: any of them may have signed; empty for Wix.
        headers: by names in lower case.
    """
    if signature.scheme is HookScheme.WIX:
        return _of_wix(signature.public_key or "", body, now)
    if not secrets:
        raise HookSignatureError("the hook has no secret yet")
    if signature.scheme is HookScheme.STANDARD:
        return _of_standard(secrets, headers, body, now)
    names = _HEADERS.get(signature.scheme, (signature.header or "", signature.id_header))
    given = headers.get(names[0].lower())
    if given is None:
        raise HookSignatureError(f"no signature: there is no header {names[0]}")
    is_hex = signature.scheme is HookScheme.HMAC and signature.encoding == "hex"
    digest = _decoded(given.strip().removeprefix(signature.prefix), is_hex=is_hex)
    _require_one([s.encode() for s in secrets], body, [digest])
    return Signed(body, names[1] and headers.get(names[1].lower()))


_HEADERS: dict[HookScheme, tuple[str, str | None]] = {
    HookScheme.SHOPIFY: ("X-Shopify-Hmac-Sha256", "X-Shopify-Webhook-Id"),
    HookScheme.WOOCOMMERCE: ("X-WC-Webhook-Signature", "X-WC-Webhook-Delivery-ID"),
}
"""The headers of a signature and of a delivery's ID."""


def _of_standard(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> Signed:
    """Verify by the Standard Webhooks convention: ID, time and body are signed."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    id_, timestamp, given = (headers.get(name) for name in names)
    if id_ is None or timestamp is None or given is None:
        raise HookSignatureError(f"no signature: {', '.join(names)} are needed")
    signatures = [part[3:] for part in given.split()[:MOST_SIGNATURES] if part.startswith("v1,")]
    digests = [_decoded(text, is_hex=False) for text in signatures]
    signed = f"{id_}.{timestamp}.".encode() + body
    _require_one([_standard_key(s) for s in secrets], signed, digests)
    seconds = int(timestamp) if timestamp.isdecimal() and len(timestamp) < 12 else 0
    if abs(now.timestamp() - seconds) > WINDOW:
        raise HookSignatureError(f"its time is {WINDOW} s or more away: old, or a wrong clock")
    return Signed(body, id_)


def _standard_key(secret: str) -> bytes:
    return _decoded(secret.removeprefix(_PREFIX), is_hex=False)


def _require_one(keys: Sequence[bytes], signed: bytes, digests: Sequence[bytes]) -> None:
    """Require that one of the keys has made one of the digests; all are compared."""
    right = [hmac.digest(key, signed, hashlib.sha256) for key in keys]
    same = [hmac.compare_digest(one, given) for one in right for given in digests]
    if not any(same):
        raise HookSignatureError("the signature is wrong: another secret, or a changed body")


def _decoded(text: str, *, is_hex: bool) -> bytes:
    """Return the bytes of a text; none of what is not written so."""
    try:
        return bytes.fromhex(text) if is_hex else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):  # then it is no right one
        return b""


@lru_cache(maxsize=100)
def rsa_key(text: str) -> RSAPublicKey:
    """Return the RSA key of a PEM. Raises InvalidInputError where it is none."""
    try:
        key = load_pem_public_key(text.encode())
    except ValueError:  # no PEM, or a key of no known kind
        key = None
    if not isinstance(key, RSAPublicKey):
        words = "is no RSA key as PEM, which begins with `-----BEGIN PUBLIC KEY-----`"
        raise InvalidInputError([Problem("$.publicKey", words)])
    return key


class _Header(msgspec.Struct):
    alg: str


class _Event(msgspec.Struct):
    data: str


class _Claims(msgspec.Struct):
    data: object = None
    exp: float | None = None


class _EventId(msgspec.Struct):
    id: str


def _of_wix(public_key: str, body: bytes, now: datetime) -> Signed:
    """Verify a JSON Web Token of Wix; RS256 alone counts, whatever its header says.

    Its claim `data` is JSON text, whose `data` is JSON text once more: the event itself.
    """
    try:
        head, claims, mac = body.strip().split(b".")
        header = msgspec.json.decode(_base64url(head), type=_Header)
        rsa_key(public_key).verify(_base64url(mac), head + b"." + claims, PKCS1v15(), SHA256())
        plain = _base64url(claims)
        claimed = msgspec.json.decode(plain, type=_Claims)
    except (ValueError, InvalidSignature):
        raise HookSignatureError("the token is not signed by this public key") from None
    if header.alg != "RS256":
        raise HookSignatureError("the token is not signed by RS256")
    if claimed.exp is not None and claimed.exp + WINDOW < now.timestamp():
        raise HookSignatureError("the token has expired: an old one, or a wrong clock")
    try:
        event = msgspec.json.decode(str(claimed.data), type=_Event).data.encode()
        return Signed(event, msgspec.json.decode(event, type=_EventId).id)
    except ValueError:  # of another form: the person who looks at it finds the path
        return Signed(plain, hashlib.sha256(body).hexdigest())


def _base64url(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
