"""Test Connection: which part of the way to a system works, also before a profile is saved.

Spec section 8. Nothing of an answer holds a secret, whatever the other side says.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec
import structlog

from syncline.connectors.port import Check, Connector, Surroundings
from syncline.connectors.registry import connector_class
from syncline.domain.configuration.comparison import addresses_of, kept_secrets
from syncline.domain.configuration.documents import Kind, ProfileConfig
from syncline.domain.errors import FailureError, InvalidInputError
from syncline.postgres.audit.throttle import AuditThrottle, audit_throttled
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database
from syncline.resources.checks import profile_problems
from syncline.resources.edits import read_request_document
from syncline.runtime.clock import Clock
from syncline.telemetry.masking import Secrets

LIMIT = 10.0
"""Seconds."""
TESTS = AuditThrottle("profile.tested", 30, timedelta(minutes=1))
"""As often as a tenant may test: whoever tests names the host, so more would scan a network."""
HINTS: Mapping[str, str] = {
    "host": "Is the address right, and can it be reached from where Syncline runs?",
    "tls": "Does the certificate name this host, and is its issuer known here?",
    "login": "Are the user and the secret right, and not expired?",
    "permission": "Give the user the rights it needs at the other system.",
    "data": "Does what the profile names exist at the other system?",
}
"""What to look at, by the part that failed."""
log = structlog.get_logger()


class ConnectionCheck(msgspec.Struct, frozen=True, rename="camel"):
    """One named check: `part` is host, tls, login, permission or data; `hint` where it failed."""

    part: str
    ok: bool
    message: str
    hint: str | None = None


class ConnectionTest(msgspec.Struct, frozen=True, rename="camel"):
    """How a connection test came out. `took_ms` is of all checks together."""

    ok: bool
    checks: list[ConnectionCheck]
    took_ms: int
    at: datetime


class ConnectionChecker:
    """Tests connections of stored profiles and of profiles that nobody has saved.

    Every method raises ThrottledError where the tenant tested too often.
    """

    def __init__(
        self,
        database: Database,
        store: ConfigurationStore,
        surroundings: Surroundings,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._surroundings = surroundings
        self._clock = clock

    async def stored(self, tenant: str, actor: str, name: str) -> ConnectionTest:
        """Test a stored profile, and keep the result with it. Raises NotFoundError."""
        profile = await self._store.profile(tenant, name)
        result = await self._checked(tenant, actor, profile)
        kept = msgspec.to_builtins(result)
        await self._store.keep_test(tenant, name, result.at, kept)
        return result

    async def unsaved(self, tenant: str, actor: str, body: object) -> ConnectionTest:
        """Test a profile as a request gives it; a mask stands for the stored secret of that name.

        Raises InvalidInputError with every mistake of the profile, before anything is connected.
        """
        loaded = read_request_document(Kind.PROFILE, None, body)
        (profile,) = loaded.profiles.values()
        before = (await self._store.stored(tenant)).profiles.get(profile.name)
        secrets, _ = kept_secrets(profile, before)
        tested = dataclasses.replace(profile, secrets=secrets)
        return await self._checked(tenant, actor, tested)

    async def _checked(self, tenant: str, actor: str, profile: ProfileConfig) -> ConnectionTest:
        kind = connector_class(profile.connector)
        problems = profile_problems(kind, profile, profile.secrets)
        if problems:
            raise InvalidInputError(problems)
        places = {path: str(value)[:200] for path, value in addresses_of(profile.config).items()}
        details = {"connector": profile.connector} | places
        await audit_throttled(self._database, TESTS, tenant, actor, profile.name, details)
        began = self._clock.monotonic()
        checks = await checks_of(kind(profile.config, profile.secrets, self._surroundings))
        took = self._clock.monotonic() - began
        own = Secrets()
        own.know(profile.secrets.values())
        return ConnectionTest(
            all(check.ok for check in checks),
            [_named(check, own) for check in checks],
            round(took * 1000),
            self._clock.now(),
        )


async def checks_of(connector: Connector, within: float = LIMIT) -> Sequence[Check]:
    """Run a connector's own test, within its time; whatever goes wrong is an answer."""
    try:
        async with asyncio.timeout(within):
            return await connector.test()
    except TimeoutError:  # the failed check tells it
        return [Check("host", ok=False, message=f"no answer within {within:.0f} s")]
    except FailureError as error:
        return [Check("data", ok=False, message=str(error))]
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        log.error("connection_test_broke", error=type(error).__name__)  # noqa: TRY400 - may hold secrets
        message = f"the connector broke: {type(error).__name__}"
        return [Check("data", ok=False, message=message)]
    finally:
        # the test has its answer; a close that breaks changes nothing in it
        with suppress(Exception):
            await connector.close()


def _named(check: Check, secrets: Secrets) -> ConnectionCheck:
    hint = None if check.ok else HINTS.get(check.part)
    return ConnectionCheck(check.part, check.ok, secrets.mask(check.message)[:1000], hint)
