"""Deleting what is configured: with its plan, all or nothing, never what is in use or others'."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.domain.configuration.documents import Kind, TenantConfiguration
from syncline.domain.errors import ConflictError, NotFoundError
from syncline.domain.trigger import parse_trigger
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.database.database import Database
from syncline.postgres.runs.runs import Runs
from syncline.resources.loader import DocumentSet, InvalidFilesError, load
from syncline.resources.plan import apply, diff, prune, remove
from syncline.security.secrets import Keyring, generate_key
from tests.support.resource_files import GOOD

ENV = {"ERP_PASSWORD": "s3cret"}
SCHEDULE = (
    "---\nkind: Schedule\nname: {name}\ninstance: erp-warehouse\nentityType: item\n"
    "cron: '0 5 * * *'\n"
)
RUN = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"


@pytest.fixture
async def store(database: Database) -> ConfigurationStore:
    return ConfigurationStore(database, Keyring.parse(generate_key()))


def loaded(folder: Path, text: str) -> DocumentSet:
    (folder / "a.yaml").write_text(text)
    return load([str(folder / "a.yaml")], ENV)


async def names(store: ConfigurationStore, tenant: str = "default") -> list[str]:
    return [f"{kind} {config.name}" for kind, config in (await store.stored(tenant)).items()]


async def everything(store: ConfigurationStore, folder: Path) -> None:
    text = GOOD + SCHEDULE.format(name="early") + "---\nkind: Profile\nname: old\nconnector: http\n"
    await apply(
        store, loaded(folder, text + "config: {baseUrl: 'https://x.test'}\n"), "default", "t"
    )


async def run(database: Database) -> None:
    request = parse_trigger({"instance": "erp-warehouse", "entityType": "item"})
    stream = await Streams(database).runnable("default", "erp-warehouse", "item")
    await Runs(database).accept(RUN, request, stream, 1)


async def test_prune_deletes_what_the_files_do_not_name(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    await everything(store, tmp_path)
    wanted = loaded(tmp_path, GOOD + SCHEDULE.format(name="late"))
    planned = await diff(store, wanted, "default", prune=True)
    assert [f"{s.action} {s.name}" for s in planned if s.action != "unchanged"] == [
        "created late", "deleted early", "deleted old",
    ]  # fmt: skip
    assert await prune(store, wanted, "default", "t", planned) == planned
    assert await names(store) == ["Profile erp", "Mapping erp-items", "Instance erp-warehouse",
                                  "Schedule late"]  # fmt: skip
    assert [s.action for s in await diff(store, wanted, "default", prune=True)] == ["unchanged"] * 4


async def test_prune_refuses_files_that_need_what_they_do_not_name(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    await everything(store, tmp_path)
    wanted = loaded(tmp_path, GOOD.split("---")[2])
    with pytest.raises(InvalidFilesError, match="there is no profile 'erp'"):
        await diff(store, wanted, "default", prune=True)


async def test_nothing_is_deleted_while_a_run_needs_it(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    await everything(store, tmp_path)
    await run(database)
    before = await names(store)
    wanted = loaded(tmp_path, "".join(GOOD.split("---")[:1]))
    planned = await diff(store, wanted, "default", prune=True)
    with pytest.raises(ConflictError, match=f"instance 'erp-warehouse' is in use: run {RUN}"):
        await prune(store, wanted, "default", "t", planned)
    assert await names(store) == before


async def test_a_plan_that_is_not_true_any_more_is_refused(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    await everything(store, tmp_path)
    wanted = loaded(tmp_path, GOOD)
    planned = await diff(store, wanted, "default", prune=True)
    await remove(store, "default", "t", [(Kind.SCHEDULE, "early")])
    with pytest.raises(ConflictError, match="changed meanwhile"):
        await prune(store, wanted, "default", "t", planned)
    assert "Profile old" in await names(store)


async def test_other_tenants_keep_theirs(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    await everything(store, tmp_path)
    await database.execute("insert into tenants (id) values ('other')")
    wanted = loaded(tmp_path, GOOD.split("---")[0])
    planned = await diff(store, wanted, "other", prune=True)
    assert [step.action for step in planned] == ["created"]
    await prune(store, wanted, "other", "t", planned)
    assert len(await names(store)) == 5


async def test_several_are_deleted_together_or_none(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    await everything(store, tmp_path)
    with pytest.raises(ConflictError, match="profile 'erp' is in use: instance 'erp-warehouse'"):
        await remove(store, "default", "t", [(Kind.PROFILE, "old"), (Kind.PROFILE, "erp")])
    assert "Profile old" in await names(store)
    with pytest.raises(NotFoundError, match="no profile 'erpp'; did you mean `erp`"):
        await remove(store, "default", "t", [(Kind.PROFILE, "old"), (Kind.PROFILE, "erpp")])
    all_of_it = [
        (Kind.PROFILE, "old"), (Kind.PROFILE, "erp"), (Kind.MAPPING, "erp-items"),
        (Kind.INSTANCE, "erp-warehouse"), (Kind.SCHEDULE, "early"),
    ]  # fmt: skip
    steps = await remove(store, "default", "t", all_of_it)
    assert [step.name for step in steps] == ["early", "erp-warehouse", "erp-items", "erp", "old"]
    assert await store.stored("default") == TenantConfiguration()
