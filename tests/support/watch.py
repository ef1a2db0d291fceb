"""Every query of the rules and dashboards in `deploy/watch`, as Prometheus can be asked it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

WATCH = Path(__file__).parents[2] / "deploy" / "watch"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((WATCH / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted(WATCH.glob("dashboards/*.json"))
}
_RANGES = {"$__rate_interval": "5m", "$__range": "1h"}
_COMPARED = re.compile(r" (?:>|<|==) [\d.]+$")


def queries() -> Iterator[tuple[str, str]]:
    """Yield where a query stands, and the query.

    Of an alert it is what it compares with its threshold: of an alert that does not fire, nothing
    is left behind the comparison. Variables of dashboards stand for everything.
    """
    for rule in RULES:
        for part in rule["expr"].strip().split(" and "):
            yield rule.get("alert") or rule["record"], _COMPARED.sub("", part)
    for name, board in BOARDS.items():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{name}: ${variable['name']}", _values(variable["query"]["query"])
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield f"{name}: {panel['title']}", _filled(target["expr"])


def _values(query: str) -> str:
    found = re.fullmatch(r"label_values\((\w+), (\w+)\)", query)
    assert found, query
    return f"count by ({found[2]}) ({found[1]})"


def _filled(expression: str) -> str:
    for name, value in _RANGES.items():
        expression = expression.replace(name, value)
    return re.sub(r"\$\w+", ".*", expression)
