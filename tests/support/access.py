"""Somebody to call the gateway as: API keys, put straight into the database."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.access import RoleName
from syncline.postgres.access.api_keys import ApiKeys, NewApiKey
from syncline.postgres.access.users import UserView, insert_user
from syncline.postgres.database.database import Database, open_database
from syncline.security.tokens import new_api_key


async def give_key(
    database: Database, role: RoleName = "platform_admin", tenant: str = "default"
) -> dict[str, str]:
    """Make an API key and return the header that sends it; also makes the tenant."""
    await database.execute("insert into tenants (id) values ($1) on conflict do nothing", tenant)
    key = new_api_key()
    wanted = NewApiKey(f"test {key.prefix}", role)
    await ApiKeys(database).add(tenant, wanted, (key.prefix, key.hash), "test")
    return {"Authorization": f"ApiKey {key.text}"}


async def add_user(
    database: Database, name: str, role: RoleName, tenants: Sequence[str], actor: str = "tester"
) -> UserView:
    """Add a user who has no password yet."""
    async with database.transaction() as connection:
        return await insert_user(connection, name, role, tenants, actor)


async def give_key_at(dsn: str) -> dict[str, str]:
    """Make a Platform Admin's key in the default tenant of a database."""
    async with open_database(dsn, size=1) as database:
        return await give_key(database)
