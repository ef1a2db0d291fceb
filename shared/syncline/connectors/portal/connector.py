"""The Portal connector: a hub's entity types, by the contract that is ours so far."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import ClassVar

from syncline.connectors import port
from syncline.connectors.api.connector import ApiConnector
from syncline.connectors.api.entities import Entity
from syncline.connectors.http.client.connection_test import TEST_LIMIT, failed_checks, sound
from syncline.connectors.portal.entities import ENTITIES
from syncline.connectors.portal.settings import PortalSecrets, PortalSettings
from syncline.domain.errors import FailureError


class PortalConnector(ApiConnector):
    """One hub."""

    title = "Portal"
    about = "A Portal hub: groups, payment terms, price lists, quotations and orders."
    profile_settings = PortalSettings
    profile_secrets = PortalSecrets
    secret_names: ClassVar[Mapping[str, str]] = {"apiKey": "integrationKey"}
    entities: ClassVar[Mapping[str, Entity]] = ENTITIES

    @classmethod
    def on_create_problem(
        cls, target: Mapping[str, object], on_create: Sequence[str], /
    ) -> str | None:
        """Refuse fields of creations alone: an update without them would take them away."""
        words = "the hub replaces a record as a whole: what an update leaves out would be gone"
        return words if on_create else super().on_create_problem(target, on_create)

    async def test(self) -> list[port.Check]:
        """Ask who answers, and say what the key may do there."""
        try:
            async with asyncio.timeout(TEST_LIMIT):
                answer = await self._api.read(self._api.url("/ping", (), {}))
                told = self._api.decoded(answer)
        except TimeoutError:  # the failed check tells it
            return [port.Check("host", ok=False, message=f"no answer within {TEST_LIMIT} s")]
        except FailureError as error:
            return failed_checks(self._api, error)
        rights = told.get("entities") if isinstance(told, dict) else None
        if not isinstance(told, dict) or not isinstance(rights, dict):
            message = "/ping does not say what the key may do (`entities`): is this a Portal hub?"
            return [*sound(self._api, "data"), port.Check("data", ok=False, message=message)]
        may = {
            right: ", ".join(name for name in self.entities if right in (rights.get(name) or ()))
            for right in ("read", "write")
        }
        words = f"the key may read: {may['read'] or 'nothing'}; write: {may['write'] or 'nothing'}"
        where = f"{told.get('instance')}, version {told.get('version')}"
        message = self._api.clean(f"{where}: {words}")[:500]
        granted = port.Check("permission", ok=any(may.values()), message=message)
        return [*sound(self._api, "permission"), granted]
