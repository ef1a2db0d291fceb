"""What a caller is taken for."""

from __future__ import annotations

from datetime import UTC, datetime

from syncline.domain.access import Role
from syncline.postgres.access.sessions import SessionView
from syncline_gateway.access.caller import Caller, Identity
from syncline_gateway.run_requests import fields_of

ANNA = SessionView("1", "anna", Role.RUNNER, False, "default", datetime(2027, 1, 1, tzinfo=UTC))


def trigger_of(identity: Identity) -> object:
    caller = Caller("default", identity.actor, Role.RUNNER, identity)
    return fields_of({"instance": "erp-shop", "trigger": "schedule"}, caller)["trigger"]


def test_a_persons_click_is_of_the_console_and_a_programs_call_of_the_api() -> None:
    by_session = Identity("anna", Role.RUNNER, "default", "cookie", ANNA)
    by_key = Identity("key:nightly", Role.RUNNER, "default", "key")
    assert (trigger_of(by_session), trigger_of(by_key)) == ("console", "api")
