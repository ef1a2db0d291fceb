"""A role for each service, with the rights that its code needs and no others.

A service signs in as a user of its own who is a member of its role. Roles are the whole server's,
so each installation names its own (`SYNCLINE_POSTGRES_ROLES`). See docs/decisions/0094.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import asyncpg

from syncline.postgres.database.migration import locked_for_migration
from syncline.postgres.database.rights import RIGHTS, WORKS_AS_TENANT
from syncline.postgres.database.row_security import ROLE as TENANT_ROLE

_MAKE = """do $$ begin
  if to_regrole('{role}') is null then create role {role} nologin{inherits}; end if;
end $$;"""
# Where a role had the rights of `syncline_tenant`, policies would hold rows back from it too: it
# may work as that role, and is another one otherwise.
_APART = " noinherit"
_JOIN = f"grant {TENANT_ROLE} to {{role}};"
_JOINED = f"""
select to_regrole('{TENANT_ROLE}') is not null and pg_has_role($1, '{TENANT_ROLE}', 'member')
"""
_EXIST = "select name from unnest($1::text[]) as name where to_regrole(name) is not null"
_BEGIN_ANEW = """do $$ begin
  execute format('revoke all on all tables in schema %I from {roles}', current_schema());
  execute format('grant usage on schema %I to {roles}', current_schema());
end $$;"""
_MADE_JUST_NOW = (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError)


def statements(pattern: str) -> Iterator[str]:
    """Yield what makes the roles and gives each its rights, for an administrator of the server.

    Args:
        pattern: of the roles' names; SERVICE in it stands for the service's name.
    """
    roles = _roles(pattern)
    yield _make(TENANT_ROLE)
    for service, role in roles.items():
        yield _make(role, _APART if service == WORKS_AS_TENANT else "")
    yield _JOIN.format(role=roles[WORKS_AS_TENANT])
    yield from _grants(roles)


async def grant_to_services(dsn: str, pattern: str) -> list[str]:
    """Give each service's role its rights, and make the roles, as far as the user may.

    Safe to call again. Raises RetriableError; asyncpg.PostgresError where the tables are not the
    user's.

    Args:
        pattern: as in `statements`.

    Returns:
        What is missing: names of roles, and the membership that the user may not grant.
    """
    roles = _roles(pattern)
    async with locked_for_migration(dsn) as connection:
        for service, role in roles.items():
            await _try(connection, _make(role, _APART if service == WORKS_AS_TENANT else ""))
        there = {row["name"] for row in await connection.fetch(_EXIST, list(roles.values()))}
        found = {service: role for service, role in roles.items() if role in there}
        missing = [role for role in roles.values() if role not in there]
        gateway = found.get(WORKS_AS_TENANT)
        if gateway and not await connection.fetchval(_JOINED, gateway):
            await _try(connection, _JOIN.format(role=gateway))
            if not await connection.fetchval(_JOINED, gateway):
                missing.append(f"{TENANT_ROLE} of {gateway}")
        if found:
            async with connection.transaction():
                for statement in _grants(found):
                    await connection.execute(statement)
        return missing


async def _try(connection: asyncpg.Connection, statement: str) -> None:
    try:
        await connection.execute(statement)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedObjectError, *_MADE_JUST_NOW):
        return  # the caller looks what is there


def _roles(pattern: str) -> dict[str, str]:
    return {service: pattern.replace("SERVICE", service) for service in RIGHTS}


def _make(role: str, inherits: str = "") -> str:
    return _MAKE.format(role=role, inherits=inherits)


def _grants(roles: Mapping[str, str]) -> Iterator[str]:
    yield _BEGIN_ANEW.format(roles=", ".join(roles.values()))
    for service, role in roles.items():
        rights = sorted(RIGHTS[service].items(), key=lambda right: (right[1], right[0]))
        for privileges, tables in groupby(rights, lambda right: right[1]):
            yield f"grant {privileges} on {', '.join(t for t, _ in tables)} to {role};"
