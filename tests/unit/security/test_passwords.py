"""Passwords: argon2id as RFC 9106 says, the same work for nobody, few at once."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import extract_parameters, profiles

from syncline.domain.errors import RetriableError
from syncline.security.passwords import MOST_WAITING, Passwords

CHEAP = profiles.CHEAPEST


async def test_stored_password_is_argon2id_with_the_named_cost() -> None:
    stored = await Passwords().hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert extract_parameters(stored) == profiles.RFC_9106_LOW_MEMORY


async def test_right_password_is_right_and_every_other_is_wrong() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("correct horse")
    assert await passwords.verify(stored, "correct horse")
    for wrong in ("", "correct horse ", "correct\0horse", "\ud800", "x" * 100_000):
        assert not await passwords.verify(stored, wrong)


async def test_two_hashes_of_one_password_differ() -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


async def test_nobody_has_no_password_not_even_the_one_compared_with() -> None:
    passwords = Passwords(CHEAP)
    assert not await passwords.verify(None, "of nobody")


async def test_hash_at_another_cost_is_not_current() -> None:
    stored = await Passwords(CHEAP).hash("correct horse")
    assert Passwords(CHEAP).is_current(stored)
    assert not Passwords().is_current(stored)
    assert await Passwords().verify(stored, "correct horse")


async def test_too_many_at_once_are_asked_to_come_back() -> None:
    passwords = Passwords(CHEAP)
    asked = [asyncio.create_task(passwords.verify(None, "x")) for _ in range(MOST_WAITING + 5)]
    done, _ = await asyncio.wait(asked)
    refused = [task.exception() for task in done if task.exception()]
    assert [type(error) for error in refused] == [RetriableError] * 5


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$broken"])
async def test_broken_hash_lets_nobody_in(stored: str) -> None:
    assert not await Passwords(CHEAP).verify(stored, "of nobody")
