"""What every connector has to do, whatever its direction: settings, Test Connection, closing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from syncline.connectors.port import Connector
from syncline.domain.mapping.extraction import Extraction

ODD_TEXTS = {
    "quotes": "a \"b\" 'c' ; , \t | \\ \\N",
    "lines": "one\ntwo\r\nthree\rfour",
    "unicode": "Ærø 日本 👩‍👩‍👧 e\u0301 \u202eabc \ufeff \u2028 \x85",
    "markup": "<a href='x'>&amp;]]></a><!-- -->",
    "spaces": "  padded  ",
    "formula": "=SUM(A1:A9)",
    "words": "null",
    "long": "x" * 200_000,
}
CONTROLS = {"nul": "a\0b", "bell": "a\x07b"}
EXACT = {
    "big": Decimal("12345678901234567890.123456789012"),
    "small": Decimal("-0.000000000000000001"),
    "places": Decimal("1.10"),
    "zero": Decimal(0),
}
COUNTS = (0, -1, 2**53 + 1, 2**63 - 1, -(2**63))


def item(n: int, **changes: Any) -> dict[str, Any]:
    """Return a record; every source and target of the suite has these fields."""
    made = {"id": f"{n:04}", "name": f"Item {n}", "amount": Decimal(f"{n}.50"), "count": n}
    return made | changes


def said(value: Any) -> str:
    """Return a value as any system would write it; formats without null say nothing for it."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


class World(Protocol):
    """A system with one connector to it."""

    connector: Connector
    secret: str | None

    def broken(self) -> Sequence[tuple[Connector, str]]:
        """Return connectors that cannot work, with the part their test has to name."""


class ConnectorSuite:
    """Subclasses give a fixture `world` and wrong settings with the path of their mistake.

    Attributes:
        system: the connector's name. Where `SYNCLINE_TEST_<NAME>_URL` is set, worlds whose fixture
            takes a `system_url` are made a second time, of that real system.
    """

    system: ClassVar[str]
    kind: ClassVar[type[Connector]]
    good_config: ClassVar[dict[str, Any]]
    good_secrets: ClassVar[dict[str, str]] = {}
    wrong_configs: ClassVar[Sequence[tuple[dict[str, Any], dict[str, str], str]]]
    wrong_mappings: ClassVar[Sequence[tuple[Extraction | None, dict[str, Any] | None, str]]]

    async def test_a_good_connection_passes_every_part_of_its_test(self, world: World) -> None:
        checks = await world.connector.test()

        assert checks
        assert [check for check in checks if not check.ok] == []

    async def test_a_broken_connection_names_the_part_and_no_secret(self, world: World) -> None:
        assert world.broken()
        for connector, part in world.broken():
            checks = await connector.test()
            await connector.close()

            assert [check.part for check in checks if not check.ok] == [part], checks
            assert all(check.message for check in checks)
            assert not world.secret or world.secret not in repr(checks)

    async def test_closing_twice_is_allowed(self, world: World) -> None:
        await world.connector.test()
        await world.connector.close()
        await world.connector.close()

    def test_a_good_configuration_has_no_problems(self) -> None:
        assert self.kind.config_problems(self.good_config, self.good_secrets) == []

    def test_each_mistake_of_a_configuration_is_named_by_its_path(self) -> None:
        for changes, secrets, path in self.wrong_configs:
            config = {k: v for k, v in (self.good_config | changes).items() if v is not ...}
            problems = self.kind.config_problems(config, self.good_secrets | secrets)
            assert [p.path for p in problems] == [path], (changes, problems)

    def test_each_mistake_of_a_mapping_is_named_by_its_path(self) -> None:
        for extraction, target, path in self.wrong_mappings:
            problems = [] if extraction is None else self.kind.extraction_problems(extraction)
            problems += [] if target is None else self.kind.target_problems(target)
            assert [p.path for p in problems] == [path], (extraction, target, problems)
