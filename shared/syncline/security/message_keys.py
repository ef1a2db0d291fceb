"""The keyed digest of messages: who holds a message key of the installation has written them.

The digest is HMAC-SHA256, cut to 16 bytes, over topic, key, headers and value. Each has its length
before it, so that no byte can move from one into another. It stands in a header of its own, after
the ID of its key: `k1a2b3:<32 hexadecimal digits>`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from syncline.security.secrets import SecretsError, read_keys

HEADER = "syncline-digest"
SETTING = "SYNCLINE_MESSAGE_KEYS"
LONGEST_ID = 64
"""Characters of the ID of a key, which every message carries."""
ROOM = len(HEADER) + 10 + LONGEST_ID + 33
"""Most bytes that the digest adds to a message."""
_BYTES = 16
Headers: TypeAlias = Iterable[tuple[str, bytes]]


class MessageKeys:
    """The message keys of an installation; the first signs, all verify.

    Args:
        required: a message without any digest is refused, too. A wrong digest always is.
    """

    def __init__(self, keys: Mapping[str, bytes], *, required: bool = True) -> None:
        if not keys:
            raise SecretsError(
                f"no message key: set {SETTING} to the output of `syncline secrets generate-key`; "
                "all services, and commands that use Kafka, need the same one"
            )
        if any(len(key_id) > LONGEST_ID or not key_id.isascii() for key_id in keys):
            raise SecretsError(f"an ID in {SETTING} has more than {LONGEST_ID} letters and digits")
        self.required = required
        self._begun = {
            key_id.encode(): hmac.new(key, digestmod=hashlib.sha256) for key_id, key in keys.items()
        }
        self._first = next(iter(self._begun))

    @classmethod
    def parse(cls, text: str, *, required: bool = True) -> MessageKeys:
        """Read `id:base64key,id2:base64key2`, by commas or line ends. Raises SecretsError."""
        return cls(read_keys(text, SETTING), required=required)

    def sign(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Headers
    ) -> tuple[tuple[str, bytes], ...]:
        """Return the headers of a message with its digest; one that was there goes."""
        own = tuple(header for header in headers if header[0] != HEADER)
        return (*own, (HEADER, self._digest(self._first, topic, key, value, own)))

    def verdict(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
        *,
        is_open: bool = False,
    ) -> tuple[bool, str | None]:
        """Tell whether a message is ours, and why it must not be believed, None if it may be.

        Args:
            is_open: others may write to the topic, too, without a digest.
        """
        if not any(name == HEADER for name, _ in headers):
            may_pass = is_open or not self.required
            return not self.required, None if may_pass else f"it has no header {HEADER}"
        wrong = self._mistake(topic, key, value, headers)
        return wrong is None, wrong

    def seal(self, topic: str, key: bytes, value: bytes) -> bytes:
        """Return a value with its digest before it, where a message can have no header."""
        return self._digest(self._first, topic, key, value, ()) + b" " + value

    def unseal(self, topic: str, key: bytes, sealed: bytes) -> bytes | None:
        """Return a value that `seal` has made, None if it is not ours."""
        digest, _, value = sealed.partition(b" ")
        wrong = self._mistake(topic, key, value, ((HEADER, digest),))
        return value if wrong is None else None

    def _mistake(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> str | None:
        """Say what is wrong with the digest of a message that has one."""
        given = [text for name, text in headers if name == HEADER]
        key_id = given[0].partition(b":")[0]
        if key_id not in self._begun:
            return f"its header {HEADER} names a key that is not in {SETTING}"
        own = tuple(header for header in headers if header[0] != HEADER)
        right = self._digest(key_id, topic, key, value, own)
        if len(given) > 1 or not hmac.compare_digest(given[0], right):
            return f"its header {HEADER} is wrong"
        return None

    def _digest(
        self, key_id: bytes, topic: str, key: bytes | None, value: bytes | None, headers: Headers
    ) -> bytes:
        parts: list[bytes | None] = [topic.encode(), key]
        for name, text in headers:
            parts += (name.encode(errors="surrogatepass"), text)
        code = self._begun[key_id].copy()
        code.update(b"".join(map(_framed, parts)) + _length(value))
        if value:
            code.update(value)
        return key_id + b":" + code.digest()[:_BYTES].hex().encode()


def _framed(part: bytes | None) -> bytes:
    return _length(part) + (part or b"")


def _length(part: bytes | None) -> bytes:
    """Return a length in 8 bytes; of nothing it is -1, so that nothing differs from no bytes."""
    return (-1 if part is None else len(part)).to_bytes(8, "big", signed=True)
