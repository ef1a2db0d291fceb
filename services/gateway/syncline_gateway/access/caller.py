"""Who calls, in which tenant, and what they may do. Nobody gets in without a key or a session.

What was found is believed for `FRESH` seconds, so a revoked key and an ended session are refused
by every gateway within that time.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
import structlog
from fastapi import Depends, Request

from syncline.domain.access import EVERYWHERE, PERMISSIONS, Permission, Role
from syncline.domain.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from syncline.postgres.access.api_keys import ApiKeys
from syncline.postgres.access.sessions import Lifetimes, Sessions, SessionView
from syncline.postgres.audit.log import ADDRESS
from syncline.postgres.database.database import Database
from syncline.postgres.database.row_security import TENANTS
from syncline.runtime.clock import Clock
from syncline.security.tokens import is_csrf_token, is_hash_of, is_token, key_prefix, token_hash
from syncline.telemetry.metrics import METRICS
from syncline_gateway.access.origin import OwnOrigins
from syncline_gateway.access.throttle import Throttle
from syncline_gateway.requests.problems import ProblemError, too_many

log = structlog.get_logger()
COOKIE = "syncline_session"
"""Where the console has an https address, `__Host-` stands before: no other host can set that."""
CSRF_HEADER = "X-Syncline-CSRF"
TENANT_HEADER = "X-Syncline-Tenant"
FRESH = 3.0
"""Seconds that an answer of the database is believed."""
KEPT = 10_000
"""Keys and sessions that are remembered."""
BURST = 10
"""Seconds of requests at the usual rate that may come at once."""
WRONG_KEYS_A_SECOND, WRONG_KEYS_AT_ONCE = 0.2, 20
"""Wrong keys that one address may send."""
_READING = ("GET", "HEAD", "OPTIONS")
_UNKNOWN = "sign in, or send `Authorization: ApiKey <key>` with a key that is valid"


class Identity(msgspec.Struct, frozen=True):
    """Who was found behind a `secret`, the cookie's value or the key; a key has no session."""

    actor: str
    role: Role
    tenant: str
    secret: str
    session: SessionView | None = None
    sees_payloads: bool = False

    def __repr__(self) -> str:
        return f"Identity({self.actor!r})"


class Authentication:
    """Looks up cookies and keys, and remembers them for a moment.

    Args:
        rate: requests a second of one person or key.
    """

    def __init__(
        self,
        database: Database,
        lifetimes: Lifetimes,
        clock: Clock,
        public_url: str | None,
        rate: float,
    ) -> None:
        self.sessions = Sessions(database, lifetimes)
        self._keys = ApiKeys(database)
        self._clock = clock
        self._rate = rate
        self.origins = OwnOrigins(public_url)
        self.cookie = f"__Host-{COOKIE}" if (public_url or "").startswith("https:") else COOKIE
        self._known: OrderedDict[str, tuple[float, Identity]] = OrderedDict()
        self._tenants: dict[str, tuple[Identity, list[str]]] = {}
        self._valid: OrderedDict[str, None] = OrderedDict()
        self._refusals = Throttle(clock, WRONG_KEYS_A_SECOND, WRONG_KEYS_AT_ONCE)
        self._requests = Throttle(clock, rate, BURST * rate)

    async def of(self, request: Request) -> Identity:
        """Return who sends a request. Raises UnauthenticatedError, with the same words always.

        Raises ProblemError: 403 where a write by cookie does not come from the console; 429 where
        requests, or wrong keys from one address, come too often.
        """
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, key = authorization.partition(" ")
            is_key = scheme.lower() == "apikey"
            found = await self._by_sent_key(key.strip(), host_of(request)) if is_key else None
        else:
            found = await self._by_cookie(request.cookies.get(self.cookie, ""))
        if found is None:
            raise UnauthenticatedError(_UNKNOWN)
        if (wait := self._requests.take(found.actor)) is not None:
            raise too_many(f"more than {self._rate:g} requests a second: ask less often", wait)
        if found.session is not None and request.method not in _READING:
            self.origins.check(request)
            if not is_csrf_token(request.headers.get(CSRF_HEADER, ""), found.secret):
                detail = f"load the page again; a program sends its csrfToken in {CSRF_HEADER}"
                raise ProblemError(403, "csrf", detail)
        return found

    async def tenant_of(self, request: Request, identity: Identity) -> str:
        """Return the tenant that a request works in. Raises NotFoundError: not one of theirs."""
        wanted = request.headers.get(TENANT_HEADER)
        if wanted is None or wanted == identity.tenant:
            return identity.tenant
        if wanted not in await self.tenants(identity):
            raise NotFoundError(f"no tenant {wanted[:63]!r}")
        return wanted

    async def tenants(self, identity: Identity) -> list[str]:
        """Return the tenants that somebody may work in."""
        if identity.session is not None:
            return await self.sessions.tenants(identity.session)
        if identity.role is Role.ADMIN:
            return await self.sessions.all_tenants()
        return [identity.tenant]

    async def is_still(self, identity: Identity, tenant: str) -> bool:
        """Tell whether who was found before may go on in a tenant: for what does not end."""
        by = self._by_key if identity.session is None else self._by_cookie
        found = await by(identity.secret)
        if found is None or found.tenant != identity.tenant or found.role < identity.role:
            return False
        return tenant == found.tenant or tenant in await self._fresh_tenants(found)

    async def _fresh_tenants(self, identity: Identity) -> list[str]:
        """Return the tenants of somebody, asked for at most every `FRESH` seconds."""
        asked, tenants = self._tenants.get(identity.secret, (None, []))
        if asked is not identity:
            if len(self._tenants) >= KEPT:
                self._tenants.clear()
            tenants = await self.tenants(identity)
            self._tenants[identity.secret] = identity, tenants
        return tenants

    def forget(self) -> None:
        """Believe nothing that was found before: something was changed here."""
        self._known.clear()

    async def _by_sent_key(self, key: str, host: str) -> Identity | None:
        """Look up a key that a request holds; wrong ones are logged, counted and slowed down.

        A key that was valid before is never held up by others' wrong ones.
        """
        prefix = key_prefix(key)
        is_held_up = prefix not in self._valid and self._refusals.is_empty(host)
        found = None if is_held_up else await self._by_key(key)
        if found is not None and prefix is not None:
            self._valid[prefix] = None
            if len(self._valid) > KEPT:
                self._valid.popitem(last=False)
            return found
        METRICS.refused_keys.inc()
        if (wait := self._refusals.take(host)) is not None:
            raise too_many("too many wrong keys came from this address", wait)
        log.warning("api_key_refused", address=host, prefix=prefix)
        return None

    async def _by_key(self, key: str) -> Identity | None:
        if (prefix := key_prefix(key)) is None:
            return None
        if known := self._remembered(key):
            return known
        found = await self._keys.find(prefix)
        if found is None or not is_hash_of(key, found.hash):
            return None
        await self._keys.note_use(found.id)
        named = (f"api-key:{found.name}", found.role, found.tenant)
        return self._remember(Identity(*named, key, None, found.sees_payloads))

    async def _by_cookie(self, token: str) -> Identity | None:
        if not is_token(token):
            return None
        if known := self._remembered(token):
            return known
        found = await self.sessions.find(token_hash(token))
        if found is None:
            return None
        named = (found.name, found.role, found.tenant)
        return self._remember(Identity(*named, token, found, found.sees_payloads))

    def _remembered(self, secret: str) -> Identity | None:
        looked, identity = self._known.get(secret, (0.0, None))
        fresh = self._clock.monotonic() - looked < FRESH
        return identity if fresh else None

    def _remember(self, identity: Identity) -> Identity:
        self._known[identity.secret] = (self._clock.monotonic(), identity)
        self._known.move_to_end(identity.secret)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return identity


def host_of(request: Request) -> str:
    """Return the address that a request came from; "" for a socket file."""
    return request.client.host if request.client else ""


class Caller(msgspec.Struct, frozen=True):
    """Who sent a request, in which tenant they work, and what they may do there."""

    tenant: str
    actor: str
    role: Role
    identity: Identity | None = None
    sees_payloads: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether they may see what belongs to the installation and to no tenant."""
        return self.role is Role.ADMIN

    @property
    def viewer(self) -> str | None:
        """Who is noted as having seen payloads; None: they may not see any."""
        return self.actor if self.sees_payloads else None

    def payload_viewer(self) -> str:
        """Return the viewer. Raises ForbiddenError: they may not see payloads."""
        if self.viewer is None:
            raise ForbiddenError(
                "this shows payloads of records, and you may not see those: ask a Platform Admin"
            )
        return self.viewer

    @property
    def tenants(self) -> list[str]:
        """Whose rows they may see: the tenant's, and for Platform Admins those of no tenant."""
        return [self.tenant, EVERYWHERE] if self.is_admin else [self.tenant]


async def authentication_of(request: Request) -> Authentication:
    """Return the process's way of finding out who calls."""
    found: Authentication = request.app.state.authentication
    return found


async def address_of(request: Request) -> str:  # in a thread it could not set the context
    """Return where a request came from; the audit rows that it causes say so too."""
    try:
        address = str(ipaddress.ip_address(host_of(request)))
    except ValueError:  # a socket file
        address = "::"
    ADDRESS.set(address)
    return address


Address = Annotated[str, Depends(address_of)]
AuthenticationDep = Annotated[Authentication, Depends(authentication_of)]


async def caller_of(
    request: Request, address: Address, authentication: AuthenticationDep
) -> Caller:
    """Return who calls. Raises as Authentication.of; NotFoundError: a tenant that is not theirs."""
    identity = await authentication.of(request)
    tenant = await authentication.tenant_of(request, identity)
    request.state.identity = identity
    request.state.tenant = tenant
    sees = identity.sees_payloads
    return Caller(tenant, identity.actor, identity.role, identity, sees_payloads=sees)


def _with(permission: Permission | None) -> Callable[..., Awaitable[Caller]]:
    least = Role.RUNNER if permission is None else PERMISSIONS[permission]

    async def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if caller.role < least:
            raise ForbiddenError(f"this needs the role {least.title}; yours is {caller.role.title}")
        TENANTS.set(",".join(caller.tenants))
        return caller

    check.role = least  # type: ignore[attr-defined]  # the test that walks all routes reads it
    return check


Runner = Annotated[Caller, Depends(_with(None))]
"""A route's parameter: whoever may look and trigger, which is everybody who is known."""
Configurer = Annotated[Caller, Depends(_with("configure"))]
Resolver = Annotated[Caller, Depends(_with("dead_letters"))]
Subscriber = Annotated[Caller, Depends(_with("notifications"))]
KeyKeeper = Annotated[Caller, Depends(_with("api_keys"))]
Auditor = Annotated[Caller, Depends(_with("audit_log"))]
UserAdmin = Annotated[Caller, Depends(_with("users"))]
TenantAdmin = Annotated[Caller, Depends(_with("tenants"))]
Eraser = Annotated[Caller, Depends(_with("erase"))]
