"""Encrypting the secrets of profiles: AES-256-GCM, bound to their profile, keys from outside.

A stored secret is `<key id>:<nonce 12 bytes><ciphertext>`. The associated data is tenant and
profile, so that a row copied to another tenant or profile does not decrypt.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from syncline.domain.errors import SynclineError

NONCE = 12


class SecretsError(SynclineError):
    """A key is missing or wrong, or a stored secret was tampered with."""


class MissingKeyError(SecretsError):
    """A stored secret is under a key that this process was not given."""


def generate_key() -> str:
    """Return a new key as it stands in SYNCLINE_SECRET_KEYS: `id:base64`."""
    key = base64.b64encode(AESGCM.generate_key(bit_length=256)).decode()
    return f"k{secrets.token_hex(3)}:{key}"


def read_keys(text: str, setting: str) -> dict[str, bytes]:
    """Read the keys of a setting by their IDs, in order: `id:base64,…`, by commas or line ends.

    Raises SecretsError, which names the setting.
    """
    keys: dict[str, bytes] = {}
    for number, part in enumerate(text.replace(",", " ").split(), 1):
        key_id, colon, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:  # refused below, by its number
            key = b""
        if not colon or not key_id or len(key) != 32 or len(set(key)) < 8:
            raise SecretsError(
                f"key {number} of {setting} is not `id:base64` of 32 random bytes; "
                "`syncline secrets generate-key` makes one"
            )
        if key_id in keys:
            raise SecretsError(f"key {key_id!r} stands twice in {setting}")
        keys[key_id] = key
    return keys


class Keyring:
    """The keys of an installation; the first encrypts, all decrypt."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys:
            raise SecretsError(
                "no key: set SYNCLINE_SECRET_KEYS to the output of `syncline secrets generate-key`"
            )
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._primary = next(iter(keys))
        self._oldest = list(keys.values())[-1]

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Read `id:base64key,id2:base64key2`, by commas or line ends. Raises SecretsError."""
        return cls(read_keys(text, "SYNCLINE_SECRET_KEYS"))

    def id_of(self, text: str) -> str:
        """Return a UUID that stands for a text and that nobody without the keys can foresee.

        It is the same until the last key of the ring is taken away.
        """
        digest = hmac.digest(self._oldest, b"syncline-id:" + text.encode(), "sha256")
        return str(UUID(bytes=digest[:16], version=5))

    def encrypt(self, values: Mapping[str, str], tenant: str, profile: str) -> bytes:
        """Encrypt a profile's secrets."""
        nonce = secrets.token_bytes(NONCE)
        plain = msgspec.json.encode(dict(values))
        cipher = self._ciphers[self._primary].encrypt(nonce, plain, _bound(tenant, profile))
        return self._primary.encode() + b":" + nonce + cipher

    def decrypt(self, stored: bytes, tenant: str, profile: str) -> dict[str, str]:
        """Decrypt a profile's secrets. Raises SecretsError: another key or profile.

        Of these, MissingKeyError: the key is not in the ring, so the operator has to add it.
        """
        key_id, _, rest = stored.partition(b":")
        cipher = self._ciphers.get(key_id.decode(errors="replace"))
        if cipher is None:
            raise MissingKeyError(
                f"key {key_id.decode(errors='replace')!r} is not in SYNCLINE_SECRET_KEYS"
            )
        try:
            plain = cipher.decrypt(rest[:NONCE], rest[NONCE:], _bound(tenant, profile))
        except InvalidTag:
            raise SecretsError("a stored secret does not belong to this profile or key") from None
        return msgspec.json.decode(plain, type=dict[str, str])

    def rekey(self, stored: bytes, tenant: str, profile: str) -> bytes:
        """Encrypt a stored secret anew under the first key. Raises SecretsError as `decrypt`."""
        return self.encrypt(self.decrypt(stored, tenant, profile), tenant, profile)

    def is_primary(self, stored: bytes) -> bool:
        """Tell whether a stored secret is under the first key, so that a rotation is done."""
        return stored.partition(b":")[0].decode(errors="replace") == self._primary


def _bound(tenant: str, profile: str) -> bytes:
    return f"{tenant}|{profile}".encode()
