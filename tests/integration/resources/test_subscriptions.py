"""Subscriptions by files, against a real database: what stays, what signs, who is asked first."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.actions.doubts.review import Doubter
from syncline.connectors.port import Surroundings
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import ConflictError
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database
from syncline.postgres.notifications.deliveries import Deliveries, Destination
from syncline.postgres.notifications.subscriptions import Subscriptions
from syncline.resources.export import documents, to_yaml
from syncline.resources.loader import DocumentSet, InvalidFilesError, load
from syncline.resources.plan import apply, diff, prune, remove
from syncline.security.secrets import Keyring, generate_key
from syncline.security.signature import new_signing_secret
from tests.support.alerts import raise_alert
from tests.support.notifier import confirm_all
from tests.support.resource_files import GOOD

SIGNING, NEXT = new_signing_secret(), new_signing_secret()
CHANNEL = "https://hooks.slack.com/services/T0/B0/x"
RING = Keyring.parse(generate_key())
HOOK = "kind: Subscription\nname: ops\nurl: https://example.com/hook\n"
SIGNED = f"{HOOK}secrets: {{signing: {{fromEnv: OPS_SIGNING}}}}\n"
SLACK = "kind: Subscription\nname: channel\nformat: slack\nsecrets: {url: {fromEnv: CHANNEL_URL}}\n"
MAIL = "kind: Subscription\nname: people\naddresses: [ops@example.com, Ann@example.com]\n"


@pytest.fixture
async def store(database: Database) -> ConfigurationStore:
    return ConfigurationStore(database, RING)


def loaded(folder: Path, *texts: str, signing: str = SIGNING) -> DocumentSet:
    (folder / "a.yaml").write_text("---\n".join(texts))
    environ = {"OPS_SIGNING": signing, "CHANNEL_URL": CHANNEL, "ERP_PASSWORD": "s3cret"}
    return load([str(folder / "a.yaml")], environ)


async def applied(store: ConfigurationStore, wanted: DocumentSet) -> list[str]:
    steps = await apply(store, wanted, "default", "tester")
    return [f"{step.action} {step.name}" for step in steps]


async def destination(database: Database, medium: str = "webhook") -> Destination:
    subscriptions = Subscriptions(database, RING)
    (view,) = await subscriptions.page("default", medium, 10)
    return await subscriptions.destination("default", medium, view.id)


async def test_apply_twice_changes_nothing_and_export_is_no_difference(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    wanted = loaded(tmp_path, HOOK, SLACK, MAIL)
    assert await applied(store, wanted) == ["created ops", "created channel", "created people"]
    before = await database.fetch("select * from subscriptions order by id")
    same = ["unchanged ops", "unchanged channel", "unchanged people"]
    assert await applied(store, wanted) == same
    exported = to_yaml(documents(await store.stored("default")))
    assert sorted(await applied(store, loaded(tmp_path, exported))) == sorted(same)
    assert await database.fetch("select * from subscriptions order by id") == before
    assert CHANNEL not in exported


async def test_a_change_is_stored_and_audited_without_its_secret(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    await applied(store, loaded(tmp_path, SLACK))
    assert (await destination(database)).url == CHANNEL
    assert await applied(store, loaded(tmp_path, SLACK + "events: [run_failed]\n")) == [
        "changed channel"
    ]
    assert (await destination(database)).url == CHANNEL
    rows = await database.fetch("select action, details from audit_log order by id")
    assert [row["action"] for row in rows] == ["subscription.created", "subscription.changed"]
    assert "partial_success" in str(rows[1]["details"])
    assert CHANNEL not in str([row["details"] for row in rows])


async def test_a_signing_secret_is_made_kept_and_replaced(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    await applied(store, loaded(tmp_path, HOOK))
    (made,) = (await destination(database)).signing
    await applied(store, loaded(tmp_path, HOOK + "events: [run_failed]\n"))
    assert (await destination(database)).signing == (made,)
    assert await applied(store, loaded(tmp_path, SIGNED)) == ["changed ops"]
    assert (await destination(database)).signing == (SIGNING, made)
    assert await applied(store, loaded(tmp_path, SIGNED)) == ["unchanged ops"]
    await applied(store, loaded(tmp_path, SIGNED, signing=NEXT))
    assert (await destination(database)).signing == (NEXT, SIGNING)


async def test_a_file_replaces_a_signing_secret_whose_key_is_lost(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    lost = ConfigurationStore(database, Keyring.parse(generate_key()))
    await applied(lost, loaded(tmp_path, HOOK))
    assert await applied(store, loaded(tmp_path, HOOK)) == ["unchanged ops"]
    assert (await destination(database)).broken is not None
    assert await applied(store, loaded(tmp_path, SIGNED)) == ["changed ops"]
    assert (await destination(database)).signing == (SIGNING,)


async def test_one_that_is_switched_off_gives_up_what_waits(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    await applied(store, loaded(tmp_path, HOOK))
    await raise_alert(database)
    await applied(store, loaded(tmp_path, HOOK + "active: false\n"))
    assert await database.fetchval("select state from deliveries") == "given_up"


async def test_prune_leaves_them_alone_unless_the_files_hold_one(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    await applied(store, loaded(tmp_path, GOOD, HOOK, MAIL))
    without = await diff(store, loaded(tmp_path, GOOD), "default", prune=True)
    assert {step.action for step in without} == {"unchanged"}
    wanted = loaded(tmp_path, GOOD, MAIL)
    planned = await diff(store, wanted, "default", prune=True)
    assert [step.name for step in planned if step.action == "deleted"] == ["ops"]
    await prune(store, wanted, "default", "tester", planned)
    assert set((await store.stored("default")).subscriptions) == {"people"}


async def test_an_instance_stays_as_long_as_somebody_is_told_of_it(
    store: ConfigurationStore, tmp_path: Path
) -> None:
    limited = HOOK + "instances: [erp-warehouse]\n"
    with pytest.raises(InvalidFilesError, match="there is no instance 'erp-warehouse'"):
        await applied(store, loaded(tmp_path, limited))
    await applied(store, loaded(tmp_path, GOOD, limited))
    instance, subscription = (Kind.INSTANCE, "erp-warehouse"), (Kind.SUBSCRIPTION, "ops")
    with pytest.raises(ConflictError, match="is in use: subscription 'ops'"):
        await remove(store, "default", "tester", [instance])
    await remove(store, "default", "tester", [instance, subscription])
    assert (await store.stored("default")).subscriptions == {}


async def test_no_file_goes_around_the_confirmation_of_an_address(
    store: ConfigurationStore, database: Database, tmp_path: Path
) -> None:
    wanted = loaded(tmp_path, MAIL)
    doubter = Doubter(store, Surroundings())
    steps = await apply(store, wanted, "default", "tester")
    told = await doubter.of_files("default", wanted, steps)
    assert [(doubt.line, doubt.path) for doubt in told] == [
        (3, "$.addresses[0]"), (3, "$.addresses[1]"),
    ]  # fmt: skip
    assert told[1].message.startswith("Ann@example.com is not confirmed yet, so nothing is sent")
    await raise_alert(database)
    (due,) = await Deliveries(database, RING).claim(10, 60)
    assert due.destination.addresses == ()
    await confirm_all(database)
    assert await doubter.of_files("default", wanted, []) == []
    assert (await destination(database, "email")).addresses == (
        "ops@example.com", "Ann@example.com",
    )  # fmt: skip
