"""What the cluster's access control grants, held against what the services need."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import DescribeAclsRequest

from syncline.contracts.rights import RIGHTS, Acl, acls_of

# Kafka's numbers: org.apache.kafka.common.protocol.Errors, .resource and .acl
_SECURITY_DISABLED = 54
_ANY, _ALL, _ALLOW = 1, 2, 3
_PREFIXED = 4
_TYPES = {"topic": 2, "group": 3}
_OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8}
_DESCRIBING = frozenset({3, 4, 6, 7})
"""Read, Write, Delete and Alter include Describe."""


class Grant(msgspec.Struct, frozen=True):
    """What an entry of the cluster's access control allows, in Kafka's numbers."""

    type: int
    name: str
    pattern: int
    operation: int

    def covers(self, type_: int, name: str, operation: int) -> bool:
        """Tell whether it allows an operation on a name, or on all names that begin so."""
        if self.type != type_:
            return False
        if self.pattern == _PREFIXED:
            is_named = name.startswith(self.name)
        else:
            is_named = self.name in ("*", name)
        if not is_named:
            return False
        describes = operation == _OPERATIONS["Describe"] and self.operation in _DESCRIBING
        return self.operation in (_ALL, operation) or describes


async def read_grants(client: AIOKafkaAdminClient) -> list[Grant] | None:
    """Return what the cluster's access control allows to anybody; None: it has none.

    Raises KafkaError: among others, that this user may not ask.
    """
    request = DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY)
    answer = await client._send_request(request)  # noqa: SLF001 - the client has no method for it
    if answer.error_code == _SECURITY_DISABLED:
        return None
    if answer.error_code:
        raise for_code(answer.error_code)(answer.error_message)
    return [
        Grant(type_, name, pattern, operation)
        for type_, name, pattern, acls in answer.resources
        for _user, _host, operation, permission in acls
        if permission == _ALLOW
    ]


def missing_rights(grants: Sequence[Grant], prefix: str) -> dict[str, list[Acl]]:
    """Return what a service needs and nobody has been granted, by its name."""
    lacking = {
        service: [acl for acl in acls_of(rights) if not _is_granted(acl, grants, prefix)]
        for service, rights in RIGHTS.items()
    }
    return {service: acls for service, acls in lacking.items() if acls}


def _is_granted(acl: Acl, grants: Sequence[Grant], prefix: str) -> bool:
    name, type_ = f"{prefix}{acl.name}", _TYPES[acl.type]
    return all(
        any(grant.covers(type_, name, _OPERATIONS[operation]) for grant in grants)
        for operation in acl.operations
    )
