"""Keys and tokens: random, found by a prefix, stored as hashes, mistyped ones known at once."""

from __future__ import annotations

import re

import pytest

from syncline.security.tokens import (
    csrf_token,
    is_csrf_token,
    is_hash_of,
    is_token,
    key_prefix,
    new_api_key,
    new_token,
)


def test_api_key_has_a_prefix_and_enough_chance() -> None:
    keys = [new_api_key() for _ in range(200)]
    assert len({key.text for key in keys}) == len({key.prefix for key in keys}) == 200
    assert all(re.fullmatch(r"syn_[0-9a-f]{12}_[0-9A-Za-z]{48}", key.text) for key in keys)
    assert all(key_prefix(key.text) == key.prefix for key in keys)


def test_hash_belongs_to_its_key_alone() -> None:
    one, other = new_api_key(), new_api_key()
    assert is_hash_of(one.text, one.hash)
    assert not is_hash_of(other.text, one.hash)


def test_key_does_not_show_itself() -> None:
    key = new_api_key()
    assert key.text not in f"{key} {key!r}"


def test_mistyped_key_is_known_without_a_look_into_the_database() -> None:
    text = new_api_key().text
    for place in range(len(text)):
        other = "x" if text[place] != "x" else "y"
        assert key_prefix(text[:place] + other + text[place + 1 :]) is None


@pytest.mark.parametrize("text", ["", "syn_", "Bearer x", "syn_00_\0", "ü" * 64, "x" * 100_000])
def test_anything_else_is_no_key(text: str) -> None:
    assert key_prefix(text) is None
    assert not is_token(text)


def test_csrf_token_belongs_to_its_session() -> None:
    one, other = new_token(), new_token()
    assert is_token(one)
    assert is_csrf_token(csrf_token(one), one)
    assert not is_csrf_token(csrf_token(one), other)
    assert not is_csrf_token("", one)
    assert not is_csrf_token("\u00fc", one)
