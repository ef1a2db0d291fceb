"""What a profile may say about HANA."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from syncline.connectors.settings import Contradictions, advanced
from syncline.connectors.sql.server import CONNECT_LIMIT, ServerSettings, SslMode
from syncline.connectors.sql.zones import ZoneName


class HanaSettings(ServerSettings):
    """A profile: which database is reached, and as whom."""

    port: int = Field(30_015, title="Port", ge=1, le=65_535)
    """Of the tenant's SQL: 3, the instance's number, 15 (30015); 443 of HANA Cloud."""
    database: str = Field("", title="Database")
    """The tenant's name, where the port is the system database's (30013)."""
    search_schema: Annotated[str, Field(alias="schema")] = advanced("", "Schema")
    """Where tables are looked for; without one, the user's own. Of Business One the company."""
    sslmode: SslMode = Field(SslMode.REQUIRE, strict=False, title="TLS")
    """`verify-full` also checks who the server is, by the root certificate."""
    timezone: ZoneName = advanced("", "Time zone")
    """Of times that are read; without one they have none. Business One writes its server's."""

    def contradictions(self) -> Contradictions:
        """Yield what the driver cannot do: it is SAP's, with rules of its own for TLS."""
        if self.sslmode in (SslMode.PREFER, SslMode.VERIFY_CA):
            yield (
                "sslmode",
                "say `disable`, `require` or `verify-full`: SAP's driver knows no other",
            )
        if self.sslmode is SslMode.VERIFY_FULL and not self.sslrootcert:
            words = "SAP's driver needs the file of the authority's certificate to verify a server"
            yield "sslrootcert", words


def connect_options(settings: HanaSettings, password: str, address: str) -> dict[str, object]:
    """Return what the driver connects by: an address that was checked, and the name it is of."""
    verifies = settings.sslmode is SslMode.VERIFY_FULL
    said: dict[str, object] = {
        "address": address,
        "port": settings.port,
        "user": settings.user,
        "password": password,
        "databaseName": settings.database,
        "currentSchema": settings.search_schema,
        "autocommit": True,
        "reconnect": False,
        "distribution": "OFF",  # to no other host of the system
        "connectTimeout": CONNECT_LIMIT * 1000,
        "encrypt": settings.sslmode is not SslMode.DISABLE,
        "sslValidateCertificate": verifies,
        "sslHostNameInCertificate": settings.host if verifies else "",
        "sslTrustStore": settings.sslrootcert if verifies else "",
    }
    return {name: value for name, value in said.items() if value != ""}
