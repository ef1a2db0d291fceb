"""Subscriptions on the command line: applied, said to wait for confirmation, exported, deleted."""

from __future__ import annotations

import os
from pathlib import Path

from syncline.security.secrets import generate_key
from tests.support.commands import CommandLine

MAIL = "kind: Subscription\nname: people\naddresses: [ops@example.com]\n"


async def test_addresses_wait_for_their_owners_and_that_is_said(
    postgres: str, tmp_path: Path
) -> None:
    own = {"SYNCLINE_POSTGRES_DSN": postgres, "SYNCLINE_SECRET_KEYS": generate_key()}
    cli = CommandLine(tmp_path, os.environ | own)
    (tmp_path / "a.yaml").write_text(MAIL)
    waits = "a.yaml:3: Subscription people: $.addresses[0]: ops@example.com is not confirmed yet"
    applied = await cli("apply", "-f", "a.yaml")
    assert applied.code == 0, applied
    assert applied.out.splitlines()[0] == "+ Subscription people"
    assert f"warning: {waits}" in applied.err
    again = await cli("diff", "-f", "a.yaml")
    assert (again.code, again.out.strip()) == (0, "no difference in 1 document")
    assert waits in again.err

    exported = await cli("export")
    (tmp_path / "a.yaml").write_text(exported.out)
    assert (await cli("diff", "-f", "a.yaml")).code == 0
    deleted = await cli("delete", "subscriptions", "people", "--yes")
    assert deleted.out.strip() == "- Subscription people"
    assert (await cli("diff", "-f", "a.yaml")).code == 10
