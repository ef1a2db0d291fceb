"""A setting that says where secrets go cannot be changed while they are kept, at any connector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncline.connectors.registry import connector_class, names
from syncline.domain.configuration.comparison import moved_addresses
from syncline.domain.configuration.documents import MASK, ProfileConfig

LEADS_NOWHERE = {
    # who signs in, and what of the system is meant
    "user", "username", "clientId", "consumerKey", "company", "database", "schema", "siteId",
    "apiVersion", "plainPermalinks", "folder", "file",
    # how a call to the same address looks
    "auth.type", "auth.header", "auth.username", "auth.clientId", "auth.scope", "auth.audience",
    "auth.clientAuth", "auth.body", "auth.tokenHeader", "auth.sendIn", "test.query", "headers",
    "idempotencyHeader", "pageSize", "maxMessage",
    # what its answer means, and how long it may take
    "timeouts.connect", "timeouts.total", "timeout", "statementTimeout", "maxAnswerBytes",
    "timezone", "errors.message", "errors.code", "errors.inSuccess", "errors.rules",
}  # fmt: skip


def settings_of(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the path of each setting."""
    definitions = schema.get("$defs", {})

    def walk(part: dict[str, Any], path: str) -> Iterator[str]:
        if "$ref" in part:
            part = definitions[part["$ref"].rpartition("/")[2]]
        choices = [c for word in ("anyOf", "oneOf", "allOf") for c in part.get(word, ())]
        inner = [
            *(found for choice in choices for found in walk(choice, path)),
            *(
                found
                for name, value in part.get("properties", {}).items()
                for found in walk(value, f"{path}.{name}" if path else name)
            ),
        ]
        if inner and inner != [path] * len(inner):
            yield from inner
        else:
            yield path

    return walk(schema, "")


def with_setting(connector: str, path: str, value: str, secret: str) -> ProfileConfig:
    *outer, name = path.split(".")
    config: dict[str, Any] = {name: value}
    for each in reversed(outer):
        config = {each: config}
    return ProfileConfig(name="p", connector=connector, config=config, secrets={"s": secret})


@pytest.mark.parametrize("connector", names())
def test_each_setting_is_known_to_lead_elsewhere_or_nowhere(connector: str) -> None:
    paths = set(settings_of(connector_class(connector).profile_settings.model_json_schema()))
    leading = {
        path
        for path in paths
        if moved_addresses(
            with_setting(connector, path, "new", MASK),
            with_setting(connector, path, "old", "stored"),
        )
    }
    assert paths - leading - LEADS_NOWHERE == set(), "does a secret go elsewhere by it?"


@pytest.mark.parametrize(
    ("connector", "path"),
    [("woocommerce", "shop"), ("shopify", "shop"), ("kafka", "auth"), ("postgresql", "sslmode")],
)
def test_who_leads_a_profile_elsewhere_gives_its_secrets_again(connector: str, path: str) -> None:
    wanted = with_setting(connector, path, "https://evil.example", MASK)
    stored = with_setting(connector, path, "https://shop.example", "stored")
    assert moved_addresses(wanted, stored) == [f"$.config.{path}"]
