"""Who may do what, and what names and passwords must look like. Pure. Spec section 11."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Literal, get_args

from syncline.domain.errors import InvalidInputError, Problem

RoleName = Literal["runner", "user", "platform_admin"]
_ROLES: tuple[RoleName, ...] = get_args(RoleName)
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
LONGEST_NAME = 100
DEFAULT_TENANT = "default"
"""The tenant that every installation has from its beginning."""
EVERYWHERE = "*"
"""In place of a tenant in audit rows about users, tenants and sign-ins."""
_GUESSED_FIRST = {
    "password", "passwort", "passw0rd", "qwerty", "qwertz", "qwertyui", "qwertyuiop", "asdfgh",
    "1q2w3e4r", "1qaz2wsx", "abcd", "abcdefgh", "iloveyou", "sunshine", "princess", "dragon",
    "monkey", "football", "baseball", "superman", "starwars", "whatever", "trustno", "letmein",
    "welcome", "changeme", "changeit", "secret", "admin", "administrator", "root", "test", "demo",
    "summer", "winter", "spring", "autumn", "sommer", "syncline",
}  # fmt: skip
"""What a password must not be, nor with digits and signs around it."""
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop")


class Role(IntEnum):
    """What a caller may do; each role may do all that those before it may."""

    RUNNER = 1
    USER = 2
    ADMIN = 3

    @classmethod
    def of(cls, name: RoleName) -> Role:
        """Return the role of a stored or given name."""
        return cls(_ROLES.index(name) + 1)

    @property
    def word(self) -> RoleName:
        """The role as it is stored and given."""
        return _ROLES[self - 1]

    @property
    def title(self) -> str:
        """The role as people read it."""
        return self.word.replace("_", " ").title()


Permission = Literal[
    "configure",
    "dead_letters",
    "notifications",
    "api_keys",
    "audit_log",
    "users",
    "tenants",
    "erase",
    "payloads",
]
PERMISSIONS: dict[Permission, Role] = {
    "configure": Role.USER,
    "dead_letters": Role.USER,
    "notifications": Role.USER,
    "api_keys": Role.USER,
    "audit_log": Role.USER,
    "users": Role.ADMIN,
    "tenants": Role.ADMIN,
    "erase": Role.ADMIN,
}
"""What not every role may do, and the least that may; all may look, trigger, pause and cancel.

`configure` is instances, profiles, mappings, schedules, hooks and cursors; `dead_letters` changes
the DLQ. The gateway refuses by this table, and the console draws by it. `payloads` has no row: it
is a flag of each user and key."""


def missing_permissions(role: Role, *, sees_payloads: bool) -> dict[Permission, RoleName]:
    """Return what somebody may not do, each with the least role that has it or may give it."""
    missing = {name: least.word for name, least in PERMISSIONS.items() if role < least}
    return missing if sees_payloads else missing | {"payloads": Role.ADMIN.word}


def sees_payloads(role: Role) -> bool:
    """Tell whether somebody new sees the payloads of records if nothing is said of it."""
    return role is not Role.RUNNER


def checked_name(name: str) -> str:
    """Return a name in composed form without spaces around. Raises InvalidInputError."""
    composed = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(composed) <= LONGEST_NAME:
        message = f"must have 1 to {LONGEST_NAME} characters, not {len(composed)}"
        raise InvalidInputError([Problem("$.name", message)])
    if not composed.isprintable():
        raise InvalidInputError([Problem("$.name", "must hold printable characters only")])
    return composed


def checked_password(password: str, name: str) -> str:
    """Return a new password as it is hashed. Raises InvalidInputError: its length, or too easy."""
    composed = composed_password(password)
    message = next(_objections(composed, name), None)
    if message is not None:
        raise InvalidInputError([Problem("$.password", message)])
    return composed


def composed_password(password: str) -> str:
    """Return a password in the form that is the same for every keyboard."""
    return unicodedata.normalize("NFKC", password)


def _objections(password: str, name: str) -> Iterator[str]:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        yield f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, not {len(password)}"
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in password):
        yield "must not hold control characters"
    plain = password.casefold()
    word = _AROUND.sub("", plain)
    guessed = {*_GUESSED_FIRST, name.casefold()} - {""}
    in_a_row = any(plain in row or plain[::-1] in row for row in _ROWS)
    if plain in guessed or word in guessed or len(set(plain)) < 3 or in_a_row:
        yield "is easy to guess: choose another"


def checked_tenants(tenants: Sequence[str], role: Role) -> list[str]:
    """Return a user's tenants, each once. Raises InvalidInputError: a Runner or User needs one."""
    if role is Role.ADMIN:
        return []
    if not tenants:
        message = f"name at least one: a {role.title} works in assigned tenants only"
        raise InvalidInputError([Problem("$.tenants", message)])
    return sorted(set(tenants))
