"""Messages that nobody could read or believe belong to the installation, and to no tenant."""

from __future__ import annotations

import pytest

from syncline.actions.dead_letters.selection import resolve
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.dead_letter.replay import PoisonMessage, poison_id
from syncline.domain.errors import NotFoundError
from syncline.postgres.database.database import open_database
from syncline.postgres.dead_letters.filter import DeadLetterFilter
from syncline.postgres.dead_letters.queue import DeadLetterQueue
from syncline.postgres.dead_letters.store import DeadLetterStore

MESSAGE = PoisonMessage(poison_id("raw", 0, 1), "raw", 0, 1, "normalize", "no JSON", b"secret")


async def test_only_who_may_see_the_installation_sees_them(postgres: str) -> None:
    async with open_database(postgres, size=2) as database:
        await DeadLetterStore(database).store_poison([MESSAGE])
        queue = DeadLetterQueue(database)
        for tenant in ("default", "other"):
            for status in (None, "pending"):
                assert await queue.page(tenant, DeadLetterFilter(status=status), 9) == []
            with pytest.raises(NotFoundError):
                await queue.get(tenant, MESSAGE.id)
            with pytest.raises(NotFoundError):
                await queue.payload(tenant, MESSAGE.id)
        own = DeadLetterFilter(installation=True)
        (entry,) = await queue.page("default", own, 9)
        assert await queue.count("other", own) == 1
        assert await queue.payload("default", entry.id, installation=True) == b"secret"
        detail = await queue.get("default", entry.id, installation=True)
        assert detail.entry.error == "no JSON"
        (done,) = await resolve(
            database, "default", [entry], OperationKind.DISCARD, actor="admin", reason="seen"
        )
        assert done.done
