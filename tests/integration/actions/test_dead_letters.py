"""Dead letters as people see them: no secret of their tenant, and an edit that keeps it stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from syncline.actions.dead_letters.dead_letter_detail import MaskedDeadLetters, edit_of
from syncline.contracts.messages import decoder_of
from syncline.domain.dead_letter.patch import edited
from syncline.postgres.database.database import Database, open_database
from syncline.security.secrets import Keyring, generate_key

KEYS = Keyring.parse(generate_key())
OWN, OTHERS = 'own"secret', "secret of others"
RECORD = b'{"sku":"A1",  "link":"shop?key=own\\"secret", "by":"secret of others","price":1.10}'
BROKEN = b'\xff own"secret {'


@pytest.fixture
async def db(postgres: str) -> AsyncIterator[Database]:
    async with open_database(postgres) as database:
        await database.execute("insert into tenants (id) values ('others')")
        for tenant, secret in (("default", OWN), ("others", OTHERS)):
            profile = uuid4()
            await database.execute(
                """insert into profiles (id, tenant, name, connector, config, secrets)
                values ($1, $2, 'shop', 'http', '{}', $3)""",
                profile, tenant, KEYS.encrypt({"token": secret}, tenant, str(profile)),
            )  # fmt: skip
        yield database


async def stored(db: Database, payload: bytes) -> str:
    letter_id = uuid4()
    await db.execute(
        """insert into dead_letters (id, tenant, stage, category, code, error, fingerprint,
          attempts, retries, payload, failed_at)
        values ($1, 'default', 'execute', 'permanent', 'x', 'no', 'f', '[]', 0, $2, now())""",
        letter_id, payload,
    )  # fmt: skip
    return str(letter_id)


async def test_a_payload_is_shown_without_the_secrets_of_its_tenant(db: Database) -> None:
    letters, record = MaskedDeadLetters(db, KEYS), await stored(db, RECORD)
    found = await letters.get("default", record, "ann")
    assert found.is_masked
    assert found.payload == RECORD.decode().replace('own\\"secret', "***")
    assert await letters.payload("default", record, "ann") == RECORD.replace(
        b'own\\"secret', b"***"
    )

    broken = await stored(db, BROKEN)
    assert (await letters.get("default", broken, "ann")).payload == "\\xff *** {"
    assert await letters.payload("default", broken, "ann") == b"\xff *** {"


async def test_a_payload_without_secrets_is_shown_byte_for_byte(db: Database) -> None:
    letters = MaskedDeadLetters(db, KEYS)
    plain = await stored(db, b'{"price":  1.10, "name":"*** SALE ***"}')
    found = await letters.get("default", plain, "ann")
    assert (found.payload, found.is_masked) == ('{"price":  1.10, "name":"*** SALE ***"}', False)


async def test_an_edit_of_what_is_shown_keeps_the_secret_that_is_stored(db: Database) -> None:
    letters = MaskedDeadLetters(db, KEYS)
    found = await letters.get("default", await stored(db, RECORD), "ann")
    assert found.payload is not None
    edit = edit_of(found, found.payload.replace("A1", "A2"), "$.payload")

    before = decoder_of(object).decode(RECORD)
    assert isinstance(before, dict)
    assert edited(before, edit.patch) == before | {"sku": "A2"}


async def test_a_profile_whose_key_is_gone_hides_no_dead_letter(db: Database) -> None:
    found = await MaskedDeadLetters(db, Keyring.parse(generate_key())).get(
        "default", await stored(db, RECORD), "ann"
    )
    assert found.payload == RECORD.decode()
