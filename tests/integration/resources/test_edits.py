"""Single objects: the rules of apply, versions, marks, deletion."""

from __future__ import annotations

from typing import Any

import pytest

from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    Problem,
    StaleError,
)
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database
from syncline.resources.edits import (
    Edit,
    Expectation,
    Presence,
    activate_version,
    delete,
    save,
    switch,
)
from syncline.security.secrets import Keyring, generate_key

PROFILE: dict[str, Any] = {
    "name": "erp",
    "connector": "postgresql",
    "config": {"host": "erp.local", "database": "erp", "user": "reader"},
    "secrets": {"password": "s3cret-one"},
}
MAPPING: dict[str, Any] = {
    "name": "items",
    "entityType": "item",
    "extraction": {"table": "OITM", "idColumn": "ItemCode"},
    "normalization": {"fields": [{"source": "ItemCode", "target": "sku"}]},
    "transformation": {
        "matchKey": "sku",
        "fields": [{"source": "sku", "target": "sku"}],
        "target": {"table": "items"},
    },
}
INSTANCE: dict[str, Any] = {
    "name": "erp-shop",
    "source": "erp",
    "target": "erp",
    "mappings": ["items"],
}


@pytest.fixture
def store(database: Database) -> ConfigurationStore:
    return ConfigurationStore(database, Keyring.parse(generate_key()))


def edit(kind: Kind, name: str | None = None, expected: Expectation = Presence.ANYTHING) -> Edit:
    return Edit("default", "tester", kind, name, expected)


async def saved(store: ConfigurationStore, kind: Kind, body: dict[str, Any]) -> tuple[str, str]:
    step, mark = await save(store, edit(kind), body)
    return step.action, mark


async def save_all(store: ConfigurationStore) -> None:
    await saved(store, Kind.PROFILE, PROFILE)
    await saved(store, Kind.MAPPING, MAPPING)
    await saved(store, Kind.INSTANCE, INSTANCE)


def changed(body: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return body | fields


async def problems(store: ConfigurationStore, kind: Kind, body: object) -> list[Problem]:
    with pytest.raises(InvalidInputError) as refused:
        await save(store, edit(kind), body)
    return list(refused.value.problems)


async def test_saving_the_same_again_changes_nothing(
    store: ConfigurationStore, database: Database
) -> None:
    await save_all(store)
    first = await saved(store, Kind.MAPPING, MAPPING)
    assert first == await saved(store, Kind.MAPPING, MAPPING)
    assert first[0] == "unchanged"
    assert await database.fetchval("select count(*) from mapping_versions") == 1


async def test_edit_of_an_older_state_is_refused(store: ConfigurationStore) -> None:
    await save_all(store)
    _, mark = await saved(store, Kind.PROFILE, PROFILE)
    fewer = changed(PROFILE, maxConcurrent=3)
    await save(store, edit(Kind.PROFILE, "erp", mark), fewer)
    with pytest.raises(StaleError, match="changed meanwhile"):
        await save(store, edit(Kind.PROFILE, "erp", mark), changed(PROFILE, maxConcurrent=4))
    assert (await store.stored("default")).profiles["erp"].max_concurrent == 3


async def test_created_twice_is_refused(store: ConfigurationStore) -> None:
    new = edit(Kind.PROFILE, None, Presence.NOTHING_THERE)
    await save(store, new, PROFILE)
    with pytest.raises(ConflictError, match="profile 'erp' already"):
        await save(store, new, PROFILE)


async def test_mask_keeps_the_secret_but_not_for_another_host(store: ConfigurationStore) -> None:
    await save_all(store)
    masked = changed(PROFILE, secrets={"password": "***"}, maxConcurrent=2)
    assert (await saved(store, Kind.PROFILE, masked))[0] == "changed"
    assert (await store.stored("default")).profiles["erp"].secrets == {"password": "s3cret-one"}
    (problem,) = await problems(
        store, Kind.PROFILE, changed(masked, config=PROFILE["config"] | {"host": "mine.example"})
    )
    assert problem.path == "$.config.host"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], "$"),
        ({"name": "erp"}, "$.connector"),
        (changed(PROFILE, name="a/b"), "$.name"),
        (changed(PROFILE, connector="sap"), "$.connector"),
        (changed(PROFILE, config={"host": "h"}), "$.config.database"),
        (changed(PROFILE, config=PROFILE["config"] | {"host": "a\0b"}), "$.config.host"),
        (changed(PROFILE, maxConcurrent=0), "$.maxConcurrent"),
        (changed(PROFILE, maxConcurrent="ten"), "$.maxConcurrent"),
        (changed(PROFILE, colour="red"), "$.colour"),
        (changed(PROFILE, secrets=[]), "$.secrets"),
        (changed(PROFILE, secrets={"password": {"fromEnv": "HOME"}}), "$.secrets.password"),
        (changed(PROFILE, secrets={"password": ""}), "$.secrets.password"),
        (changed(PROFILE, secrets={"token": "x"}), "$.secrets.token"),
    ],
)  # fmt: skip
async def test_mistake_in_a_profile_is_named(
    store: ConfigurationStore, body: object, path: str
) -> None:
    found = await problems(store, Kind.PROFILE, body)
    assert path in [problem.path for problem in found]
    assert (await store.stored("default")).profiles == {}


async def test_instance_names_what_is_missing(store: ConfigurationStore) -> None:
    found = await problems(store, Kind.INSTANCE, INSTANCE)
    assert {p.path for p in found} == {"$.source", "$.target", "$.mappings"}


async def test_mapping_that_breaks_an_instance_is_refused(store: ConfigurationStore) -> None:
    await save_all(store)
    broken = changed(MAPPING, extraction={"mode": "api", "endpoint": "/items", "idColumn": "id"})
    (problem,) = await problems(store, Kind.MAPPING, broken)
    assert problem.path == "$.extraction.mode"


async def test_used_object_is_not_deleted_and_its_users_are_named(
    store: ConfigurationStore,
) -> None:
    await save_all(store)
    for kind, name in ((Kind.PROFILE, "erp"), (Kind.MAPPING, "items")):
        with pytest.raises(ConflictError, match="instance 'erp-shop'"):
            await delete(store, edit(kind, name))


async def test_deleted_objects_are_gone_and_their_names_free(
    store: ConfigurationStore, database: Database
) -> None:
    await save_all(store)
    for kind, name in ((Kind.INSTANCE, "erp-shop"), (Kind.MAPPING, "items"), (Kind.PROFILE, "erp")):
        await delete(store, edit(kind, name))
    assert list((await store.stored("default")).items()) == []
    assert await database.fetchval("select count(secrets) from profiles") == 0
    await save_all(store)
    assert len(list((await store.stored("default")).items())) == 3
    with pytest.raises(NotFoundError):
        await delete(store, edit(Kind.PROFILE, "nobody"))


async def test_older_version_is_made_active_again(
    store: ConfigurationStore, database: Database
) -> None:
    await save_all(store)
    await saved(store, Kind.MAPPING, changed(MAPPING, extraction={"table": "X", "idColumn": "i"}))
    await activate_version(store, edit(Kind.MAPPING, "items"), 1)
    document = (await store.stored("default")).mappings["items"].document
    assert document["extraction"]["table"] == "OITM"
    assert await database.fetchval("select max(version) from mapping_versions") == 2
    with pytest.raises(NotFoundError, match="no version 3"):
        await activate_version(store, edit(Kind.MAPPING, "items"), 3)


async def test_version_that_an_instance_cannot_use_stays_inactive(
    store: ConfigurationStore,
) -> None:
    api = changed(MAPPING, extraction={"mode": "api", "endpoint": "/items", "idColumn": "id"})
    await saved(store, Kind.MAPPING, api)
    await save_all(store)
    with pytest.raises(InvalidInputError, match="PostgreSQL reads"):
        await activate_version(store, edit(Kind.MAPPING, "items"), 1)


async def test_instance_is_switched_and_audited(
    store: ConfigurationStore, database: Database
) -> None:
    await save_all(store)
    off = edit(Kind.INSTANCE, "erp-shop")
    assert (await switch(store, off, enabled=False)).action == "changed"
    assert (await switch(store, off, enabled=False)).action == "unchanged"
    (row,) = await database.fetch("select * from audit_log order by id desc limit 1")
    assert (row["action"], row["object"]) == ("instance.changed", "erp-shop")


async def test_a_match_key_of_several_paths_is_for_targets_that_can(
    store: ConfigurationStore,
) -> None:
    await save_all(store)
    fields = [{"source": "sku", "target": name} for name in ("sku", "seller")]
    keyed = MAPPING["transformation"] | {"matchKey": ["sku", "seller"], "fields": fields}
    both = changed(MAPPING, transformation=keyed)
    assert (await saved(store, Kind.MAPPING, both))[0] == "changed"

    api = {"name": "shop", "connector": "http", "config": {"baseUrl": "https://shop.example"}}
    await saved(store, Kind.PROFILE, api)
    found = await problems(store, Kind.INSTANCE, changed(INSTANCE, target="shop"))
    assert any("$.transformation.matchKey: this target finds" in p.message for p in found), found
