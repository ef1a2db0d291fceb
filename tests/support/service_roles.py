"""Roles of the services in databases of tests, and users who sign in as them."""

from __future__ import annotations

from urllib.parse import urlsplit

import asyncpg

from syncline.bootstrap.services import SERVICES
from syncline.postgres.database.service_roles import grant_to_services

ROLES = "tests_SERVICE"
_LOGIN = """do $$ begin
  if to_regrole('{login}') is null then
    create role {login} login password 'secret' {may} in role {role};
  end if;
exception when duplicate_object or unique_violation then null;  -- another test run's
end $$"""


async def give_roles(dsn: str) -> None:
    """Grant the services' rights in a database, and make a user of each."""
    assert await grant_to_services(dsn, ROLES) == []
    connection = await asyncpg.connect(dsn)
    try:
        for service in SERVICES:
            # As the documentation advises for Execute: its first loads are written by COPY.
            may = "bypassrls" if service == "execute" else ""
            names = {"login": _login(service), "role": role_of(service), "may": may}
            await connection.execute(_LOGIN.format(**names))
    finally:
        await connection.close()


def role_of(service: str) -> str:
    return ROLES.replace("SERVICE", service)


def signed_in(dsn: str, service: str) -> str:
    """Return the address of a database with the service's own user in it."""
    parts = urlsplit(dsn)
    hosts = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{_login(service)}:secret@{hosts}").geturl()


def working_as(dsn: str, service: str) -> str:
    """Return the address of a database for sessions that have the service's role alone."""
    return f"{dsn}?options=-c%20role%3D{role_of(service)}"


def _login(service: str) -> str:
    return f"{role_of(service)}_login"
