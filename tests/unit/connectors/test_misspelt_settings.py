"""A slip of the hand in a profile, or in a target, is answered with what was meant."""

from __future__ import annotations

import pytest

from syncline.connectors.registry import connector_class


@pytest.mark.parametrize(
    ("connector", "wrong", "meant"),
    [
        ("postgresql", "usr", "user"),
        ("mssql", "databse", "database"),
        ("mysql", "hots", "host"),
        ("sqlite", "fiel", "file"),
        ("file", "foldr", "folder"),
        ("http", "baseurl", "baseUrl"),
        ("shopify", "clientID", "clientId"),
        ("woocommerce", "consumerKy", "consumerKey"),
        ("wix", "siteID", "siteId"),
        ("portal", "baseURL", "baseUrl"),
        ("business-one", "compnay", "company"),
        ("kafka", "bootstrap", "bootstrapServers"),
    ],
)
def test_a_setting(connector: str, wrong: str, meant: str) -> None:
    problems = connector_class(connector).config_problems({wrong: "x"}, {})
    (found,) = [p.message for p in problems if p.path == f"$.config.{wrong}"]
    assert f"did you mean `{meant}`?" in found


@pytest.mark.parametrize("connector", ["mssql", "mysql", "oracle", "postgresql", "sqlite"])
def test_a_setting_of_a_target(connector: str) -> None:
    problems = connector_class(connector).target_problems({"tabel": "items"})
    (found,) = [p.message for p in problems if p.path.endswith(".tabel")]
    assert found == "unknown setting; did you mean `table`?"


def test_a_mode() -> None:
    config = {"host": "h", "database": "d", "user": "u", "sslmode": "requird"}
    (found,) = connector_class("postgresql").config_problems(config, {})
    assert found.message.endswith("not 'requird'; did you mean `require`?")
