"""The keyed digest: what it covers, who may have written it, how keys change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncline.security.message_keys import HEADER, ROOM, MessageKeys
from syncline.security.secrets import SecretsError, generate_key

OLD, NEW = generate_key(), generate_key()
KEYS = MessageKeys.parse(OLD)
OWN = (("tenant", b"default"), ("retry-at", b"17"))
Message = tuple[str, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]


def signed(
    keys: MessageKeys = KEYS,
    topic: str = "syncline.raw",
    key: bytes | None = b"run",
    value: bytes | None = b"value",
    headers: tuple[tuple[str, bytes], ...] = OWN,
) -> Message:
    return topic, key, value, keys.sign(topic, key, value, headers)


def test_what_a_key_has_signed_is_ours() -> None:
    assert KEYS.verdict(*signed()) == (True, None)
    assert KEYS.verdict(*signed(value=None)) == (True, None)
    assert KEYS.verdict(*signed(headers=())) == (True, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda t, k, v, h: ("syncline.canonical", k, v, h),
        lambda t, k, v, h: (t, b"another", v, h),
        lambda t, k, v, h: (t, None, v, h),
        lambda t, k, v, h: (t, k, b"Value", h),
        lambda t, k, v, h: (t, k, b"", h),
        lambda t, k, v, h: (t, k, None, h),
        lambda t, k, v, h: (t, k + v[:1], v[1:], h),
        lambda t, k, v, h: (t[:-1], t[-1:].encode() + k, v, h),
        lambda t, k, v, h: (t, k, v, (("tenant", b"other"), *h[1:])),
        lambda t, k, v, h: (t, k, v, h[1:]),
        lambda t, k, v, h: (t, k, v, (*h, ("attempt", b"9"))),
        lambda t, k, v, h: (t, k, v, (h[1], h[0], h[2])),
        lambda t, k, v, h: (t, k, v, (("tenantd", b"efault"), *h[1:])),
        lambda t, k, v, h: (t, k, v, (*h[:-1], (HEADER, h[-1][1][:-1] + b"g"))),
        lambda t, k, v, h: (t, k, v, (*h, h[-1])),
        lambda t, k, v, h: (t, k, v, (*h[:-1], (HEADER, b""))),
        lambda t, k, v, h: (t, k, v, (*h[:-1], (HEADER, b"nokey:" + h[-1][1]))),
    ],
)
@pytest.mark.parametrize("required", [True, False])
def test_no_byte_may_change_or_move(change: Callable[..., Message], required: bool) -> None:
    keys = MessageKeys.parse(OLD, required=required)
    is_ours, foreign = keys.verdict(*change(*signed()))
    assert not is_ours
    assert HEADER in (foreign or "")


def test_a_value_of_no_bytes_is_not_a_message_without_a_value() -> None:
    topic, key, _, headers = signed(value=None)
    assert not KEYS.verdict(topic, key, b"", headers)[0]


def test_without_a_digest_it_is_foreign() -> None:
    assert KEYS.verdict("t", b"k", b"v", OWN) == (False, f"it has no header {HEADER}")


def test_where_anybody_may_write_it_is_neither_ours_nor_foreign() -> None:
    assert KEYS.verdict("t", b"k", b"v", OWN, is_open=True) == (False, None)
    wrong = (*OWN, (HEADER, b"nokey:00"))
    assert KEYS.verdict("t", b"k", b"v", wrong, is_open=True)[1] is not None


def test_it_passes_without_a_digest_while_a_release_without_keys_is_replaced() -> None:
    keys = MessageKeys.parse(OLD, required=False)
    assert keys.verdict("t", b"k", b"v", OWN) == (True, None)


def test_while_keys_change_both_are_accepted_and_the_first_signs() -> None:
    both = MessageKeys.parse(f"{NEW},{OLD}")
    assert both.verdict(*signed()) == (True, None)
    new = signed(both)
    assert MessageKeys.parse(NEW).verdict(*new) == (True, None)
    assert "names a key that is not in SYNCLINE_MESSAGE_KEYS" in (KEYS.verdict(*new)[1] or "")


def test_a_message_that_is_sent_on_is_signed_anew() -> None:
    _, key, value, headers = signed()
    again = KEYS.sign("syncline.canonical", key, value, headers)
    assert [name for name, _ in again].count(HEADER) == 1
    assert KEYS.verdict("syncline.canonical", key, value, again) == (True, None)


def test_the_digest_takes_no_more_room_than_it_says() -> None:
    keys = MessageKeys.parse(f"{'i' * 64}:{OLD.partition(':')[2]}")
    name, digest = keys.sign("t", b"k", b"v", ())[-1]
    assert len(name) + len(digest) + 10 == ROOM


def test_a_value_may_carry_its_digest_itself() -> None:
    sealed = KEYS.seal("table", b"key", b'{"a": 1}')
    assert KEYS.unseal("table", b"key", sealed) == b'{"a": 1}'
    assert KEYS.unseal("table", b"another", sealed) is None
    assert KEYS.unseal("table", b"key", sealed.replace(b"1}", b"2}")) is None
    assert KEYS.unseal("table", b"key", b'{"a": 1}') is None


@pytest.mark.parametrize("text", ["", "a:b", "ä:" + OLD.partition(":")[2], f"{OLD},{OLD}"])
def test_a_ring_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SecretsError, match="SYNCLINE_MESSAGE_KEYS"):
        MessageKeys.parse(text)
