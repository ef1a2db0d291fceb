"""Receiving what systems tell: who may, how often, and what is stored before the answer.

A delivery is verified first and counted then, so that a forger cannot use up what a hook may
receive. What is not signed is never stored: a metric counts it, and the hook's row and the log note
it now and then.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from uuid import UUID

import msgspec
import structlog

from syncline.contracts.messages import decoder_of
from syncline.domain.errors import NotFoundError, UnauthenticatedError
from syncline.domain.hook.signature import HookScheme
from syncline.domain.hook.source_ids import NoSourceIdsError, source_ids_in
from syncline.postgres.database.database import Database
from syncline.postgres.database.row_security import TENANTS
from syncline.postgres.hooks.hook_deliveries import HookDeliveries, NewDelivery, delivery_digest
from syncline.postgres.hooks.hook_secrets import HookSecrets, ReceivingHook
from syncline.runtime.clock import Clock
from syncline.security.hook_signatures import HookSignatureError, Signed, verified
from syncline.security.secrets import Keyring
from syncline.telemetry.metrics import METRICS
from syncline_gateway.access.throttle import Throttle
from syncline_gateway.requests.problems import ProblemError, too_many

LARGEST = 1_000_000
"""Bytes of a body."""
DELIVERIES_A_SECOND, DELIVERIES_AT_ONCE = 50, 2_000
"""Signed deliveries that one hook takes; a sender tries what is above them again."""
KEPT_BYTES = 200_000_000
"""Of the bodies of one hook in a day; what is above them is taken, and its body is not kept."""
REFUSALS_A_SECOND, REFUSALS_AT_ONCE = 0.2, 20
"""Unknown hooks and wrong signatures that one address may send."""
NOTED_A_SECOND = 0.1
"""Refusals of one hook that are noted."""
FRESH = 3.0
"""Seconds that a hook is believed to be as it was read."""
KEPT = 1_000
"""Hooks that are remembered."""
_DAY = 86_400
_REFUSED = "the signature is missing or wrong"
_UNKNOWN = "there is no such hook"
log = structlog.get_logger()


class HookReceiver:
    """Receives for all hooks of all tenants.

    Args:
        installation: the database over all tenants, in which a hook is found by its address.
        database: what the delivery is stored through, as the hook's tenant.
    """

    def __init__(
        self, installation: Database, database: Database, keyring: Keyring, clock: Clock
    ) -> None:
        self._hooks = HookSecrets(installation, keyring)
        self._stored = HookDeliveries(database)
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, ReceivingHook]] = OrderedDict()
        self._refusals = Throttle(clock, REFUSALS_A_SECOND, REFUSALS_AT_ONCE)
        self._deliveries = Throttle(clock, DELIVERIES_A_SECOND, DELIVERIES_AT_ONCE)
        self._bytes = Throttle(clock, KEPT_BYTES / _DAY, KEPT_BYTES)
        self._notes = Throttle(clock, NOTED_A_SECOND, 1)

    def forget(self) -> None:
        """Believe nothing that was found before: something was changed here."""
        self._known.clear()

    async def find(self, hook_id: str, host: str) -> ReceivingHook:
        """Return the hook of an address. Raises NotFoundError; ProblemError 429.

        A hook that was found before is found whatever others send from the same address.
        """
        name = _canonical(hook_id)
        at, known = self._known.get(name, (0.0, None))
        if known is not None and self._clock.monotonic() - at < FRESH:
            return known
        if known is None and self._refusals.is_empty(host):
            self._refuse("unknown", host)
        found = await self._hooks.find(name) if name else None
        if found is None:
            self._known.pop(name, None)
            self._refuse("unknown", host)
            raise NotFoundError(_UNKNOWN)
        self._known[name] = (self._clock.monotonic(), found)
        self._known.move_to_end(name)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found

    async def receive(
        self, hook: ReceivingHook, headers: Mapping[str, str], body: bytes, host: str
    ) -> int:
        """Store a delivery if it is signed; return the status to answer with.

        Raises:
            UnauthenticatedError: it is not signed as the hook wants, in the same words always.
            ProblemError: 429; more of them came than a hook, or refusals than an address, may send.
            RetriableError: the database is away, so the sender has to try again.
        """
        if _is_ping(hook, headers, body):
            return 200
        try:
            signed = verified(hook.signature, hook.secrets, headers, body, self._clock.now())
        except HookSignatureError as error:
            await self._note(hook, host, str(error))
            self._refuse("signature", host)
            raise UnauthenticatedError(_REFUSED) from None
        if (wait := self._deliveries.take(hook.id)) is not None:
            METRICS.hook_refusals.labels("too_many").inc()
            detail = f"more than {DELIVERIES_A_SECOND} deliveries a second: send it again later"
            raise too_many(detail, wait)
        TENANTS.set(hook.tenant)
        delivery = self._delivery_of(hook, signed, body)
        is_new = await self._stored.store(delivery)
        result = "ignored" if delivery.ignored else "accepted"
        METRICS.hook_deliveries.labels(result if is_new else "repeated").inc()
        # Wix asks for 200.
        return 200 if hook.signature.scheme is HookScheme.WIX else 202

    def _delivery_of(self, hook: ReceivingHook, signed: Signed, body: bytes) -> NewDelivery:
        digest = delivery_digest(signed.delivery_id, signed.document)
        is_kept = self._bytes.take(hook.id, len(body)) is None
        stored = body if is_kept else None
        plain = NewDelivery(hook.id, hook.tenant, digest, len(body), stored)
        if not hook.enabled:
            return msgspec.structs.replace(plain, ignored="the hook is disabled")
        try:
            document = decoder_of(object).decode(signed.document)
            ids = source_ids_in(document, hook.source_ids)
        except NoSourceIdsError as error:
            return msgspec.structs.replace(plain, ignored=str(error))
        except (msgspec.DecodeError, UnicodeError, RecursionError):  # shown at the delivery
            return msgspec.structs.replace(plain, ignored="the body is no JSON")
        return msgspec.structs.replace(plain, source_ids=ids)

    def _refuse(self, reason: str, host: str) -> None:
        """Count a refusal. Raises ProblemError 429 where its address sends too many."""
        METRICS.hook_refusals.labels(reason).inc()
        if (wait := self._refusals.take(host)) is not None:
            raise too_many("too many refused deliveries came from this address", wait)

    async def _note(self, hook: ReceivingHook, host: str, why: str) -> None:
        """Note a refusal for the hook's owner, unless one was noted just now."""
        if self._notes.take(hook.id) is None:
            log.warning("hook_refused", hook=hook.id, tenant=hook.tenant, address=host, reason=why)
            await self._hooks.note_refusal(hook.id, why)


def too_large() -> ProblemError:
    """Return the error that answers a body above `LARGEST`."""
    METRICS.hook_refusals.labels("too_large").inc()
    return ProblemError(413, "too_large", f"the body may have at most {LARGEST:,} bytes")


def _canonical(hook_id: str) -> str:
    """Return an ID as it is stored; "" for what is none."""
    try:
        return str(UUID(hook_id))
    except ValueError:  # the ID of no hook
        return ""


def _is_ping(hook: ReceivingHook, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell WooCommerce's unsigned test, which saves a webhook only if it is answered with 200."""
    kind = headers.get("content-type", "").partition(";")[0]
    is_short = len(body) < 40 and body.startswith(b"webhook_id=") and body[11:].isdigit()
    is_form = kind == "application/x-www-form-urlencoded"
    return hook.signature.scheme is HookScheme.WOOCOMMERCE and is_form and is_short
