"""Configuration in the database: versions, audit, secrets, rotation."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from syncline.bootstrap.connections import Connections
from syncline.connectors.port import Surroundings
from syncline.domain.configuration.comparison import compare
from syncline.domain.configuration.documents import (
    InstanceConfig,
    MappingConfig,
    ProfileConfig,
    TenantConfiguration,
)
from syncline.domain.errors import InvalidInputError, NotFoundError
from syncline.domain.failure_budget import FailureBudget
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import Database
from syncline.postgres.limits.leases import Limits
from syncline.runtime.clock import SystemClock
from syncline.security.secrets import Keyring, generate_key

KEY = generate_key()
CONFIG = {"baseUrl": "https://erp.example"}
PROFILE = ProfileConfig(
    name="erp", connector="http", config=CONFIG, rate=0.1, secrets={"token": "s3cret"}
)


@pytest.fixture
def store(database: Database) -> ConfigurationStore:
    return ConfigurationStore(database, Keyring.parse(KEY))


def wanted(version: object = 1, entity_type: str = "Item") -> TenantConfiguration:
    document = {"entityType": entity_type, "version": version, "rate": 0.1}
    return TenantConfiguration(
        {"erp": PROFILE},
        {"items": MappingConfig(name="items", document=document)},
        {"i": InstanceConfig(name="i", source="erp", target="erp", mappings=("items",))},
    )


async def save(store: ConfigurationStore, config: TenantConfiguration) -> list[str]:
    async with store.change("default", "tester") as change:
        stored = await change.stored()
        steps = compare(config, stored)
        for step in steps:
            if step.action != "unchanged":
                new = config.get(step.kind, step.name)
                assert new is not None
                await change.save(step, new, stored.get(step.kind, step.name))
    return [step.action for step in steps]


async def test_a_failure_budget_is_stored_changed_and_removed(store: ConfigurationStore) -> None:
    await save(store, wanted())
    for budget in (FailureBudget(count=5), FailureBudget(count=5, percent=2.5), None):
        config = wanted()
        instance = replace(config.instances["i"], failure_budget=budget)
        config = msgspec.structs.replace(config, instances={"i": instance})
        assert await save(store, config) == ["unchanged", "unchanged", "changed"]
        assert (await store.stored("default")).instances["i"] == instance
        assert await save(store, config) == ["unchanged"] * 3


async def test_an_order_is_stored_changed_and_removed(store: ConfigurationStore) -> None:
    await save(store, wanted())
    for order in (("item", "stock"), ("stock", "item"), ()):
        config = wanted()
        instance = replace(config.instances["i"], order=order)
        config = msgspec.structs.replace(config, instances={"i": instance})
        assert await save(store, config) == ["unchanged", "unchanged", "changed"]
        assert (await store.stored("default")).instances["i"] == instance


async def test_saving_twice_changes_nothing(store: ConfigurationStore, database: Database) -> None:
    assert await save(store, wanted()) == ["created"] * 3
    assert await save(store, wanted()) == ["unchanged"] * 3
    assert await database.fetchval("select count(*) from mapping_versions") == 1
    assert await database.fetchval("select count(*) from audit_log") == 3


async def test_changed_mapping_makes_the_next_version_and_keeps_the_old(
    store: ConfigurationStore, database: Database
) -> None:
    await save(store, wanted())
    assert await save(store, wanted(2)) == ["unchanged", "changed", "unchanged"]
    ((mapping, active),) = await database.fetch("select id, active_version from mappings")
    configuration = Configuration(database, Keyring.parse(KEY))
    versions = [await configuration.mapping_document("default", str(mapping), n) for n in (1, 2)]
    assert (active, [v["version"] for v in versions]) == (2, [1, 2])


async def test_change_is_audited_with_actor_and_what_was_before(
    store: ConfigurationStore, database: Database
) -> None:
    await save(store, wanted())
    await save(store, wanted(2))
    (row,) = await database.fetch("select * from audit_log order by id desc limit 1")
    assert (row["actor"], row["action"], row["object"]) == ("tester", "mapping.changed", "items")
    assert row["details"] == {"$.version": {"before": 1, "after": 2}}


async def test_mapping_keeps_its_entity_type(store: ConfigurationStore) -> None:
    await save(store, wanted())
    with pytest.raises(InvalidInputError, match="another name"):
        await save(store, wanted(1, "order"))


async def test_failed_change_leaves_nothing(store: ConfigurationStore) -> None:
    bad = TenantConfiguration(
        {"erp": PROFILE}, instances={"i": InstanceConfig(name="i", source="erp", target="none")}
    )
    with pytest.raises(NotFoundError, match="no profile 'none'"):
        await save(store, bad)
    assert (await store.stored("default")).profiles == {}


async def test_mapping_taken_out_keeps_the_stream(
    store: ConfigurationStore, database: Database
) -> None:
    await save(store, wanted())
    bare = TenantConfiguration(
        instances={"i": InstanceConfig(name="i", source="erp", target="erp")}
    )
    await save(store, bare)
    assert (await store.stored("default")).instances["i"].mappings == ()
    await save(store, wanted())
    assert await database.fetchval("select count(*) from streams") == 1


async def test_secret_is_stored_encrypted_and_read_by_services(
    store: ConfigurationStore, database: Database
) -> None:
    await save(store, wanted())
    (row,) = await database.fetch("select id, secrets from profiles")
    assert b"s3cret" not in row["secrets"]
    profile = await Configuration(database, Keyring.parse(KEY)).profile("default", str(row["id"]))
    assert profile.secrets == {"token": "s3cret"}


async def test_calls_that_begin_together_share_one_connector(
    store: ConfigurationStore, database: Database
) -> None:
    await save(store, wanted())
    profile = await database.fetchval("select id from profiles")
    configuration = Configuration(database, Keyring.parse(KEY))
    connections = Connections(
        configuration, Limits(database), lambda _: Surroundings(), SystemClock()
    )

    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(connections.of("default", profile)) for _ in range(4)]

    assert len({id(call.result().connector) for call in calls}) == 1
    await connections.close()


async def test_rekey_leaves_no_secret_under_the_old_key(
    store: ConfigurationStore, database: Database
) -> None:
    await save(store, wanted())
    new = generate_key()
    rotating = ConfigurationStore(database, Keyring.parse(f"{new},{KEY}"))
    assert [await rotating.rekey("tester"), await rotating.rekey("tester")] == [1, 0]
    only_new = ConfigurationStore(database, Keyring.parse(new))
    assert (await only_new.stored("default")).profiles["erp"].secrets == {"token": "s3cret"}


async def test_unknown_tenant_is_refused(store: ConfigurationStore) -> None:
    with pytest.raises(NotFoundError, match="no tenant 'other'"):
        await store.stored("other")
