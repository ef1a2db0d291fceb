"""Names, passwords and roles: what is taken, and what is refused with a reason."""

from __future__ import annotations

import pytest

from syncline.domain.access import (
    PERMISSIONS,
    Role,
    checked_name,
    checked_password,
    checked_tenants,
    composed_password,
    missing_permissions,
)
from syncline.domain.errors import InvalidInputError


@pytest.mark.parametrize("name", ["", "   ", "a\0b", "a\nb", "x" * 101, "\ud800", "a\u202eb"])
def test_names_that_cannot_be_seen_or_typed_are_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"\$\.name"):
        checked_name(name)


def test_name_is_kept_composed_and_without_spaces_around() -> None:
    assert checked_name("  Ame\u0301lie ") == "Am\u00e9lie"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("1234567", "must have 8 to 256 characters, not 7"),
        ("x" * 257, "must have 8 to 256 characters, not 257"),
        ("correct\0horse", "control characters"),
        ("correct\ud800horse", "control characters"),
        ("Password1", "easy to guess"),
        ("Summer2026!", "easy to guess"),
        ("123456789", "easy to guess"),
        ("87654321", "easy to guess"),
        ("1q2w3e4r", "easy to guess"),
        ("**Alice.Smith1", "easy to guess"),
        ("aaaaaaaaaaaa", "easy to guess"),
        ("alice.smith", "easy to guess"),
    ],
)
def test_weak_and_broken_passwords_are_refused(password: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words) as refused:
        checked_password(password, "Alice.Smith")
    assert password not in str(refused.value)


def test_eight_characters_of_any_kind_are_enough() -> None:
    assert checked_password("grüß gott", "alice") == "grüß gott"
    assert checked_password("83-17*55", "") == "83-17*55"
    assert checked_password("summer at sea", "alice") == "summer at sea"


def test_password_is_the_same_however_its_letters_are_composed() -> None:
    assert composed_password("cafe\u0301 noir") == composed_password("caf\u00e9 noir")


def test_roles_are_ordered() -> None:
    assert Role.of("runner") < Role.of("user") < Role.of("platform_admin")
    assert Role.ADMIN.title == "Platform Admin"


def test_who_is_no_admin_needs_a_tenant() -> None:
    assert checked_tenants(["b", "a", "b"], Role.USER) == ["a", "b"]
    assert checked_tenants(["a"], Role.ADMIN) == []
    with pytest.raises(InvalidInputError, match="a Runner works in assigned tenants only"):
        checked_tenants([], Role.RUNNER)


def test_each_role_lacks_what_only_those_above_it_may() -> None:
    assert missing_permissions(Role.ADMIN, sees_payloads=True) == {}
    of_user = missing_permissions(Role.USER, sees_payloads=True)
    assert of_user == dict.fromkeys(("users", "tenants", "erase"), "platform_admin")
    of_runner = missing_permissions(Role.RUNNER, sees_payloads=False)
    assert of_runner.keys() == {*PERMISSIONS, "payloads"}
    assert (of_runner["configure"], of_runner["payloads"]) == ("user", "platform_admin")
