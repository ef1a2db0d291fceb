"""PostgreSQL over TLS, for the product's own database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from syncline.domain.errors import RetriableError
from syncline.postgres.database.database import open_database
from tests.support.certificates import Authority
from tests.support.postgres_tls import Doorman, with_tls


@pytest.fixture
async def secured(postgres: str, tmp_path: Path) -> AsyncIterator[tuple[str, Path, Doorman]]:
    """DSN of the doorman, the file with its authority's certificate, and the doorman."""
    async with with_tls(postgres, tmp_path) as made:
        yield made


async def test_the_certificate_is_checked(secured: tuple[str, Path, Doorman]) -> None:
    dsn, authority, doorman = secured
    verified = f"{dsn}?sslmode=verify-full&sslrootcert={authority}"
    async with open_database(verified, size=1) as database:
        assert await database.fetchval("select 1") == 1
    assert doorman.encrypted == 1


async def test_another_authority_is_not_trusted(
    secured: tuple[str, Path, Doorman], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text(Authority().certificate)
    with pytest.raises(RetriableError, match="certificate verify failed"):
        async with open_database(f"{secured[0]}?sslmode=verify-full&sslrootcert={other}"):
            pass
    assert secured[2].encrypted == 0
