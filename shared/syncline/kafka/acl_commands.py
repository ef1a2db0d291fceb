"""The rights of the services as commands for Kafka's own tools, and as resources for Strimzi."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from syncline.contracts.rights import RIGHTS, Acl, acls_of
from syncline.domain.record import JsonObject


def commands(prefix: str, principal: str, bootstrap: str) -> Iterator[str]:
    """Yield commands that grant every service its rights.

    Args:
        prefix: of the names of topics and groups.
        principal: of the user of each service; SERVICE in it stands for the service's name.
        bootstrap: the brokers.
    """
    for service, rights in RIGHTS.items():
        user = principal.replace("SERVICE", service)
        acls = sorted(acls_of(rights), key=_likeness)
        for (kind, operations, is_prefix), alike in groupby(acls, _likeness):
            names = "".join(f" --{kind} '{prefix}{acl.name}'" for acl in alike)
            allowed = "".join(f" --operation {operation}" for operation in operations)
            pattern = " --resource-pattern-type prefixed" if is_prefix else ""
            yield (
                f"kafka-acls.sh --bootstrap-server {bootstrap} --add "
                f"--allow-principal 'User:{user}'{allowed}{pattern}{names}"
            )


def _likeness(acl: Acl) -> tuple[str, tuple[str, ...], bool]:
    return acl.type, acl.operations, acl.is_prefix


def strimzi_users(prefix: str, principal: str, cluster: str) -> list[JsonObject]:
    """Return a KafkaUser of every service, for `cluster`, a Kafka resource of Strimzi 0.49 on."""
    return [
        {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaUser",
            "metadata": {
                "name": principal.replace("SERVICE", service),
                "labels": {"strimzi.io/cluster": cluster},
            },
            "spec": {
                "authentication": {"type": "scram-sha-512"},
                "authorization": {
                    "type": "simple",
                    "acls": [_strimzi(prefix, acl) for acl in acls_of(rights)],
                },
            },
        }
        for service, rights in RIGHTS.items()
    ]


def _strimzi(prefix: str, acl: Acl) -> JsonObject:
    pattern = "prefix" if acl.is_prefix else "literal"
    resource: JsonObject = {
        "type": acl.type,
        "name": f"{prefix}{acl.name}",
        "patternType": pattern,
    }
    return {"resource": resource, "operations": list(acl.operations)}
