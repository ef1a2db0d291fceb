"""Secrets of profiles: which are kept, and when they would go elsewhere."""

from __future__ import annotations

import re

from syncline.domain.configuration.comparison import flatten, is_same
from syncline.domain.configuration.documents import MASK, ProfileConfig
from syncline.domain.errors import InvalidInputError, Problem

_ADDRESS = re.compile(r"host|url|server|address|endpoint|port|proxy|dsn|tls|ssl|verify", re.I)


def moved_addresses(wanted: ProfileConfig, stored: ProfileConfig) -> list[str]:
    """Name the settings that would send kept secrets elsewhere than they were given for.

    Who may edit a profile but not read its secrets could otherwise point it at a server of his
    own and collect them.
    """
    if MASK not in wanted.secrets.values():
        return []
    if wanted.connector != stored.connector:
        return ["$.connector"]
    new, old = flatten(wanted.config, "$.config"), flatten(stored.config, "$.config")
    addresses = sorted(path for path in new.keys() | old.keys() if _ADDRESS.search(path))
    return [path for path in addresses if not is_same(new.get(path), old.get(path))]


def kept_secrets(
    config: ProfileConfig, stored: ProfileConfig | None
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the secrets to store and where they came from, masks replaced by what is stored.

    Raises:
        InvalidInputError: a mask has nothing to keep, or its secret would go to another address.
    """
    before = stored or ProfileConfig(name=config.name, connector=config.connector)
    masked = [name for name, value in config.secrets.items() if value == MASK]
    problems = [
        Problem(f"$.secrets.{name}", f"there is no stored secret that `{MASK}` could keep")
        for name in masked
        if name not in before.secrets
    ]
    if stored is not None:
        problems += [
            Problem(path, "an address changed: give the secrets again instead of keeping them")
            for path in moved_addresses(config, stored)
        ]
    if problems:
        raise InvalidInputError(problems)
    secrets = config.secrets | {name: before.secrets[name] for name in masked}
    old_sources = {n: before.secret_sources[n] for n in masked if n in before.secret_sources}
    return secrets, config.secret_sources | old_sources
