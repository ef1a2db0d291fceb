"""A query of the gateway that forgets its tenant still answers with the caller's rows alone."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import syncline_gateway
from syncline.domain.access import EVERYWHERE, RoleName
from syncline.postgres.audit.log import AuditLog
from tests.support.access import give_key
from tests.support.configured import configure
from tests.support.gateway import Gateway
from tests.support.other_tenant import TENANT, everything

OVER_ALL_TENANTS = {
    "app.py": "who calls: sessions and API keys",
    "routes/session.py": "signing in, and setting up",
    "routes/users.py": "users belong to no tenant",
    "routes/tenants.py": "tenants themselves",
    "routes/email_confirmations.py": "whom a link belongs to",
    "routes/dashboard.py": "the state of the services",
    "routes/pipeline.py": "the state of the services",
}
"""Modules that use the database over all tenants, and what for."""


async def test_a_query_that_asks_for_all_tenants_gets_the_callers(
    place: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await everything(place.database)
    await configure(place.database)
    page = AuditLog.page

    async def of_everybody(self: AuditLog, tenants: list[str], *rest: Any) -> Any:
        return await page(self, ["default", TENANT, EVERYWHERE], *rest)

    monkeypatch.setattr(AuditLog, "page", of_everybody)
    seen: list[tuple[RoleName, str, set[str]]] = [
        ("user", "default", {"default"}),
        ("platform_admin", "default", {"default", EVERYWHERE}),
        ("user", TENANT, {TENANT}),
    ]
    for role, tenant, tenants in seen:
        key = await give_key(place.database, role, tenant)
        await place.database.execute(
            "insert into audit_log (tenant, actor, action, object) values ('*', 'a', 'user.x', 'a')"
        )
        async with place.client(key) as client:
            items = (await client.get("/audit-log")).json()["items"]
            assert {item["tenant"] for item in items} == tenants


def test_few_modules_work_over_all_tenants() -> None:
    root = Path(syncline_gateway.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "installation"
        and ast.unparse(node.value).endswith("api")
    }  # fmt: skip
    assert found == set(OVER_ALL_TENANTS)
