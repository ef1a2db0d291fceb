"""What routes work with: made once for the process, kept in the app's state."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, Request

from syncline.bootstrap.connections import Connections
from syncline.bootstrap.settings import Settings
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline.security.secrets import Keyring
from syncline_gateway.live.hub import Hub


class Backend(msgspec.Struct, frozen=True):
    """The gateway's dependencies.

    Attributes:
        database: holds what the tenant of the request has, and nothing else.
        installation: the same database over all tenants: for users, sessions, keys, tenants and the
            state of the services alone.
        connections: opens connectors of stored profiles.
    """

    settings: Settings
    database: Database
    installation: Database
    producer: Producer
    hub: Hub
    keyring: Keyring
    configuration: ConfigurationStore
    connections: Connections
    clock: Clock


async def _backend_of(request: Request) -> Backend:
    backend: Backend = request.app.state.api
    return backend


Api = Annotated[Backend, Depends(_backend_of)]
"""A route's parameter: what the process works with."""
