"""The connection test, step by step, and the columns that an endpoint gives."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

from syncline.connectors.http.client.api import Api
from syncline.connectors.http.settings.graphql import GraphqlBody
from syncline.connectors.port import Check, SourceColumn
from syncline.domain.errors import FailureError

TEST_LIMIT = 10
SAMPLE = 20
"""Records that are looked at to describe a source."""
_PARTS: Mapping[str, str] = {
    "unreachable": "host",
    "timeout": "host",
    "connection_lost": "host",
    "address_not_allowed": "host",
    "tls_error": "tls",
    "tls_timeout": "tls",
    "login_refused": "login",
    "login_unavailable": "login",
    "permission_refused": "permission",
}
_LATE = (
    "As a source: an API does not tell which changes are still being written, so one that appears "
    "after a newer one was read is passed over; `lookback` in the mapping reads it"
)
_UNTOLD = Check(
    "host",
    ok=True,
    message=f"the host answers; give `test.endpoint` to test login and permission too. {_LATE}",
)
_SLOW_LOGIN = (
    f"the login was not answered within {TEST_LIMIT} s: some systems are so slow where the "
    "company, the user or the password is wrong"
)
_KINDS: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    Decimal: "decimal",
    str: "string",
    dict: "object",
    list: "array",
}
_ORDER = ("host", "tls", "login", "permission", "data")


async def test_connection(api: Api) -> list[Check]:
    """Read the test endpoint, and say which part failed; those before it are sound."""
    settings = api.settings
    endpoint, query = settings.test.endpoint, settings.test.query
    url = settings.base_url + (endpoint or "/")
    try:
        async with asyncio.timeout(TEST_LIMIT):
            if query is None or endpoint is None:
                answer = await api.read(url)
            else:
                answer = await api.ask(url, GraphqlBody(query.text, {}), graphql=True)
            if endpoint:
                api.decoded(answer)
    except TimeoutError:  # the failed check tells it
        if api.awaits_login:
            return [*sound(api, "login"), Check("login", ok=False, message=_SLOW_LOGIN)]
        return [Check("host", ok=False, message=f"no answer within {TEST_LIMIT} s")]
    except FailureError as error:
        if part_of(error) == "data" and not endpoint:
            return [*sound(api, "host"), _UNTOLD]
        return failed_checks(api, error)
    if not endpoint:
        return [*sound(api, "login"), _UNTOLD]
    good = Check("data", ok=True, message=f"the test endpoint answers. {_LATE}")
    return [*sound(api, "data"), good]


def part_of(error: FailureError) -> str:
    """Return the part of a connection that a failure is of."""
    return _PARTS.get(error.failure.code, "data")


def failed_checks(api: Api, error: FailureError) -> list[Check]:
    """Return the steps of a test that failed."""
    part = part_of(error)
    return [*sound(api, part), Check(part, ok=False, message=api.clean(str(error))[:500])]


def sound(api: Api, before: str) -> list[Check]:
    """Return the steps that went well before the one that is told of."""
    is_tls = api.settings.base_url.startswith("https:")
    parts = [p for p in _ORDER[: _ORDER.index(before)] if p != "tls" or is_tls]
    words = {"host": "reached", "tls": "certificate verified", "login": "accepted"}
    return [Check(part, ok=True, message=words.get(part, "granted")) for part in parts]


def columns_of(records: Sequence[Mapping[str, object]]) -> list[SourceColumn] | None:
    """Return the properties that records have, None where there are no records."""
    kinds: dict[str, str] = {}
    for record in records:
        for key, value in record.items():
            if value is not None or key not in kinds:
                kinds[key] = _KINDS.get(type(value), "unknown")
    return [SourceColumn(key, kind, everywhere=False) for key, kind in kinds.items()] or None
