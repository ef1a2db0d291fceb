"""A key that a service was not given is an outage of the service, and no failure of records."""

from __future__ import annotations

import pytest

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import RetriableError
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import open_database
from syncline.resources.edits import Edit, save
from syncline.security.secrets import Keyring, SecretsError, generate_key

PROFILE = {
    "name": "erp",
    "connector": "postgresql",
    "config": {"host": "db.example", "database": "erp", "user": "reader"},
    "secrets": {"password": "sesame"},
}


async def test_a_profile_waits_for_its_key(postgres: str) -> None:
    first, second = generate_key(), generate_key()
    async with open_database(postgres, size=1) as database:
        store = ConfigurationStore(database, Keyring.parse(first))
        await save(store, Edit("default", "t", Kind.PROFILE, "erp"), PROFILE)
        id_ = str(await database.fetchval("select id from profiles"))
        with pytest.raises(RetriableError, match="is not in SYNCLINE_SECRET_KEYS") as raised:
            await Configuration(database, Keyring.parse(second)).profile("default", id_)
        assert raised.value.failure.code == "key_missing"
        both = Configuration(database, Keyring.parse(f"{second},{first}"))
        assert (await both.profile("default", id_)).secrets == {"password": "sesame"}
        await database.execute(
            "update profiles set secrets = set_byte(secrets, length(secrets) - 1, "
            "(get_byte(secrets, length(secrets) - 1) + 1) % 256)"
        )
        with pytest.raises(SecretsError, match="does not belong"):
            await both.profile("default", id_)
