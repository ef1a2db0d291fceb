"""A broker that knows its users: each service has an account of its own, and its rights alone."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from syncline.bootstrap.services import SERVICES
from syncline.contracts.rights import RIGHTS, acls_of
from syncline.embedded.kafka import EmbeddedKafka, java_with_kafka
from syncline.kafka.connection import KafkaConnection
from tests.support.folders import server_folder
from tests.support.message_keys import KEYS
from tests.support.ports import free_port

SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
PREFIX = "syncline."
TYPES = {"topic": 2, "group": 3}
PATTERNS = {False: 3, True: 4}
OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8}
ALLOW = 3
"""Kafka's numbers: org.apache.kafka.common.resource and .acl."""


class GuardedKafka:
    """Where it answers: `bootstrap` to its administrator without a password, `login` to users."""

    def __init__(self, bootstrap: str, login: str) -> None:
        self.bootstrap = bootstrap
        self.login = login

    def settings_of(self, service: str) -> dict[str, str]:
        """Return the settings with which a service signs in as itself."""
        return {
            "SYNCLINE_KAFKA_BOOTSTRAP": self.login,
            "SYNCLINE_KAFKA_SECURITY": "SASL_PLAINTEXT",
            "SYNCLINE_KAFKA_USERNAME": user_of(service),
            "SYNCLINE_KAFKA_PASSWORD": f"password of {service}",
        }

    def connection_of(self, service: str) -> KafkaConnection:
        """Return a connection as a service has it."""
        return KafkaConnection(
            self.login,
            PREFIX,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_username=user_of(service),
            sasl_password=f"password of {service}",
            keys=KEYS,
        )

    async def grant(self, services: Sequence[str]) -> None:
        """Give services their rights, as an administrator's program would."""
        entries = [
            (TYPES[acl.type], f"{PREFIX}{acl.name}", PATTERNS[acl.is_prefix],
             f"User:{user_of(name)}", "*", OPERATIONS[operation], ALLOW)
            for name in services
            for acl in acls_of(RIGHTS[name])
            for operation in acl.operations
        ]  # fmt: skip
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        client = admin._client
        try:
            for entry in entries:
                request = CreateAclsRequest(*entry)
                answer: Any = await client.send(client.get_random_node(), request)
                assert answer.creation_responses[0][0] == 0, answer
        finally:
            await admin.close()

    async def run_commands(self, commands: Sequence[str]) -> None:
        """Run commands of `kafka-acls.sh` by the class that it starts."""
        java = await java_with_kafka(print)
        for command in commands:
            arguments = shlex.split(command)[1:]
            process = await asyncio.create_subprocess_exec(
                *java,
                "org.apache.kafka.tools.AclCommand",
                *arguments,
                stdout=asyncio.subprocess.DEVNULL,
            )
            assert await process.wait() == 0, command


def user_of(service: str) -> str:
    return f"syncline-{service}"


def accounts() -> Mapping[str, str]:
    return {user_of(name): f"password of {name}" for name in SERVICES}


@asynccontextmanager
async def guarded_kafka() -> AsyncIterator[GuardedKafka]:
    """Start a broker with an account for each service, and rights for none."""
    login = f"127.0.0.1:{free_port()}"
    settings = {
        "listeners": f"LOGIN://{login}",
        "advertised.listeners": f"LOGIN://{login}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "LOGIN:SASL_PLAINTEXT",
        "listener.name.login.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.login.scram-sha-512.sasl.jaas.config": f"{SCRAM} required;",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # the administrator, and the broker itself
    }
    async with server_folder("guarded") as folder:
        broker = EmbeddedKafka(
            Path(folder), free_port(), heap="256m", settings=settings, accounts=accounts()
        )
        async with broker:
            yield GuardedKafka(broker.bootstrap, login)
