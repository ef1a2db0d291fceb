"""Secrets of profiles: bound to their profile, readable after a rotation, refused when weak."""

from __future__ import annotations

import base64

import pytest

from syncline.security.secrets import Keyring, SecretsError, generate_key

SECRETS = {"password": "pässword-1"}


def test_keyring_gives_back_what_it_encrypted() -> None:
    ring = Keyring.parse(generate_key())
    assert ring.decrypt(ring.encrypt(SECRETS, "default", "p1"), "default", "p1") == SECRETS


def test_keyring_shows_nothing_of_the_secret_in_the_stored_bytes() -> None:
    stored = Keyring.parse(generate_key()).encrypt(SECRETS, "default", "p1")
    assert b"ssword" not in stored


@pytest.mark.parametrize(("tenant", "profile"), [("other", "p1"), ("default", "p2")])
def test_keyring_refuses_a_secret_moved_to_another_tenant_or_profile(
    tenant: str, profile: str
) -> None:
    ring = Keyring.parse(generate_key())
    stored = ring.encrypt(SECRETS, "default", "p1")
    with pytest.raises(SecretsError, match="does not belong to this profile"):
        ring.decrypt(stored, tenant, profile)


def test_keyring_refuses_a_flipped_bit() -> None:
    ring = Keyring.parse(generate_key())
    stored = bytearray(ring.encrypt(SECRETS, "default", "p1"))
    stored[-1] ^= 1
    with pytest.raises(SecretsError):
        ring.decrypt(bytes(stored), "default", "p1")


def test_keyring_names_the_key_that_is_missing() -> None:
    stored = Keyring.parse(f"old:{generate_key().partition(':')[2]}").encrypt(SECRETS, "t", "p")
    with pytest.raises(SecretsError, match="'old' is not in SYNCLINE_SECRET_KEYS"):
        Keyring.parse(generate_key()).decrypt(stored, "t", "p")


def test_rekey_moves_a_secret_under_the_first_key() -> None:
    old, new = generate_key(), generate_key()
    stored = Keyring.parse(old).encrypt(SECRETS, "t", "p")
    both = Keyring.parse(f"{new},{old}")
    moved = both.rekey(stored, "t", "p")
    assert [both.is_primary(stored), both.is_primary(moved)] == [False, True]
    assert Keyring.parse(new).decrypt(moved, "t", "p") == SECRETS


@pytest.mark.parametrize(
    "keys",
    [
        "k1:" + base64.b64encode(b"short").decode(),
        "k1:" + base64.b64encode(b"\0" * 32).decode(),
        "k1:changeme",
        base64.b64encode(bytes(range(32))).decode(),
        f"k1:{base64.b64encode(bytes(range(32))).decode()}," * 2,
    ],
    ids=["short", "default", "no base64", "no id", "twice"],
)
def test_keyring_refuses_weak_keys(keys: str) -> None:
    with pytest.raises(SecretsError, match="SYNCLINE_SECRET_KEYS"):
        Keyring.parse(keys)


def test_keyring_without_keys_says_how_to_make_one() -> None:
    with pytest.raises(SecretsError, match="syncline secrets generate-key"):
        Keyring.parse("")


def test_an_id_is_foreseen_by_nobody_without_the_keys_and_outlives_a_new_first_key() -> None:
    old, new = generate_key(), generate_key()
    ring = Keyring.parse(old)
    assert ring.id_of("run") == ring.id_of("run") == Keyring.parse(f"{new},{old}").id_of("run")
    assert len({ring.id_of("run"), ring.id_of("ruN"), Keyring.parse(new).id_of("run")}) == 3
