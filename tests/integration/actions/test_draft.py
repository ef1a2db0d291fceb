"""Try a draft: stored records are read back from the raw topic, dead letters from the database."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from uuid6 import uuid7

from syncline.actions.trials.draft import DraftTrier, TrialRequest
from syncline.contracts.outbound import bundle_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import Stage
from syncline.domain.errors import InvalidInputError, NotFoundError
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.postgres.audit.log import AuditFilter, AuditLog
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.dead_letters.erasure import erase_record
from syncline.security.secrets import Keyring, generate_key
from tests.support.configured import DOCUMENT, configure
from tests.support.kafka import KafkaPlace
from tests.support.reports import one_batch

KEYS = Keyring.parse(generate_key())
Rows = Sequence[dict[str, Any]]


class World:
    """A stream whose runs have left raw records on the topic."""

    def __init__(self, database: Database, connection: KafkaConnection, instance: str) -> None:
        self.database = database
        self.trier = DraftTrier(database, KEYS, connection)
        self.instance = instance
        self._producer = KafkaProducer(connection)

    async def ran(self, rows: Rows, tenant: str = "default") -> str:
        """Insert a run and put its records on the raw topic."""
        run_id = str(uuid7())
        stream = await self.database.fetchrow("select * from streams")
        assert stream is not None
        await self.database.execute(
            """insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id,
              target_id, mapping_id, mapping_version, mode, trigger, actor, batch_size, lanes,
              request_hash, total, started_at)
            values ($1, 'default', $2, $3, 'item', $4, $4, $5, 1, 'incremental', 'api', 't', 100, 1,
              $4, $6, clock_timestamp())""",
            run_id, stream["id"], stream["instance_id"], uuid4(), stream["mapping_id"], len(rows),
        )  # fmt: skip
        ref = RunRef(
            run_id, tenant, stream["id"], self.instance, "item", *(str(uuid4()),) * 2,
            str(stream["mapping_id"]), 1,
        )  # fmt: skip
        ids = [str(row["id"]) for row in rows]
        batch = one_batch(ref, 0, 0, list(range(len(rows))), ids, list(rows))
        await self._producer.send([bundle_message(batch, Stage.NORMALIZE)])
        return run_id

    async def letter(self, stage: str, payload: dict[str, Any]) -> str:
        letter_id = uuid4()
        await self.database.execute(
            """insert into dead_letters (id, tenant, stream_id, source_id, stage, category, code,
              error, fingerprint, attempts, retries, payload, failed_at)
            select $1, 'default', id, 'L', $2, 'permanent', 'x', 'id is required', 'f', '[]', 0, $3,
              now() from streams""",
            letter_id, stage, json.dumps(payload).encode(),
        )  # fmt: skip
        return str(letter_id)

    async def stop(self) -> None:
        await self._producer.stop()


@pytest.fixture
async def world(postgres: str, kafka: KafkaPlace) -> AsyncIterator[World]:
    connection = KafkaConnection(bootstrap=kafka.bootstrap, prefix=kafka.prefix)
    await KafkaAdmin(connection).create_topics(2, 1)
    async with open_database(postgres) as database:
        made = World(database, connection, await configure(database))
        yield made
        await made.stop()


def draft(**transformation: Any) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    copy["transformation"] |= transformation
    return copy


UPPER = {"fields": [{"source": "sku", "target": "sku", "transform": "upper"}]}
INTEGER = {"fields": [{"source": "sku", "target": "sku", "transform": "toInt"}]}


async def test_changed_payloads_and_new_errors_are_shown(world: World) -> None:
    run = await world.ran([{"id": "a"}, {"id": "B"}])
    result = await world.trier.run("default", "erp-shop-items", TrialRequest(draft(**UPPER)), "ann")
    assert (result.compared, result.counts) == (2, {"changed": 1, "same": 1})
    (record,) = result.records
    assert (record.source_id, record.correlation_id) == ("a", run)
    (difference,) = record.differences
    assert (difference.path, difference.old, difference.new) == ("$.sku", '"a"', '"A"')

    result = await world.trier.run(
        "default", "erp-shop-items", TrialRequest(draft(**INTEGER)), "ann"
    )
    assert result.counts == {"newly_failed": 2}
    assert result.records[0].after.errors[0].path == "$.transformation.fields[0]"


async def test_newest_run_is_preferred_and_the_limit_holds(world: World) -> None:
    await world.ran([{"id": f"old{n}"} for n in range(5)])
    await world.ran([{"id": f"new{n}"} for n in range(3)])
    request = TrialRequest(draft(**UPPER), limit=4)
    result = await world.trier.run("default", "erp-shop-items", request, "ann")
    ids = {record.source_id for record in result.records}
    assert ids == {"new0", "new1", "new2", "old0"}


async def test_erased_records_are_not_tried_and_the_trial_is_audited(world: World) -> None:
    await world.ran([{"id": "a"}, {"id": "b"}])
    await erase_record(world.database, "default", "erp-shop", "a", "ann")
    for _ in range(2):
        tried = await world.trier.run(
            "default", "erp-shop-items", TrialRequest(draft(**UPPER)), "ann"
        )
        assert [record.source_id for record in tried.records] == ["b"]
    log = AuditLog(world.database)
    (entry,) = await log.page(["default"], AuditFilter(action="mapping.draft_tried"), 9)
    assert (entry.actor, entry.object) == ("ann", "erp-shop-items")


async def test_records_of_another_tenant_are_not_read(world: World) -> None:
    await world.ran([{"id": "theirs"}], tenant="other")
    result = await world.trier.run("default", "erp-shop-items", TrialRequest(draft()), "ann")
    assert result.compared == 0


async def test_dead_letters_that_the_draft_repairs_are_named(world: World) -> None:
    normalization = {"fields": [{"source": "code", "target": "sku", "required": True}]}
    mended = await world.letter("normalize", {"code": "x"})
    await world.letter("normalize", {"id": "x"})
    await world.letter("execute", {"sku": "x"})
    request = TrialRequest(draft() | {"normalization": normalization})
    result = await world.trier.run("default", "erp-shop-items", request, "ann")
    assert (result.letters_tried, result.letters_repaired, result.letters_untold) == (2, 1, 1)
    assert (result.letters[0].id, result.letters[0].repaired) == (mended, True)


async def test_mistakes_are_refused(world: World) -> None:
    with pytest.raises(InvalidInputError, match=r"\$\.limit"):
        await world.trier.run("default", "erp-shop-items", TrialRequest(draft(), limit=1001), "ann")
    with pytest.raises(InvalidInputError, match=r"\$\.transformation\.matchKey"):
        await world.trier.run(
            "default", "erp-shop-items", TrialRequest(draft(matchKey="nope")), "ann"
        )
    for tenant, name in (("default", "nope"), ("other", "erp-shop-items")):
        with pytest.raises(NotFoundError):
            await world.trier.run(tenant, name, TrialRequest(draft()), "ann")
