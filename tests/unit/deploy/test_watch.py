"""Rules and dashboards: alerts fire where they should, and everything names what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncline.telemetry.metrics import REGISTRY
from tests.support.watch import BOARDS, RULES, WATCH, queries

ROOT = Path(__file__).parents[3]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
EXPORTED = {
    family.name + suffix
    for family in REGISTRY.collect()
    for suffix in {
        "counter": ("_total",), "info": ("_info",), "histogram": ("_bucket", "_count", "_sum"),
    }.get(family.type, ("",))
}  # fmt: skip


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def named(expression: str) -> set[str]:
    """Return the metrics that a query names."""
    return set(re.findall(r"\bsyncline[\w:]+", re.sub(r'"[^"]*"', "", expression)))


def promtool(*arguments: str) -> None:
    program = shutil.which("promtool")
    assert program, "Debian's package `prometheus` has it"
    command = [program, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=WATCH)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_that_alerts_fire_where_they_should_and_nowhere_else() -> None:
    promtool("test", "rules", "rules_test.yml")


def test_prometheus_of_compose_takes_its_settings() -> None:
    promtool("check", "config", "prometheus.yml")


def test_every_alert_is_tested_both_ways() -> None:
    tests = yaml.safe_load((WATCH / "rules_test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    names = {rule["alert"] for rule in ALERTS}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith(".")
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in anchors(page)


def test_queries_name_metrics_that_there_are() -> None:
    used = {name for _, query in queries() for name in named(query)}
    assert used - EXPORTED - RECORDED == set()
    assert len(used) > 40


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_fits_on_its_grid(name: str) -> None:
    board = BOARDS[name]
    assert board["uid"] == f"syncline-{name}"
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", BOARDS)
def test_a_panel_says_what_it_shows_in_which_unit(name: str) -> None:
    for panel in BOARDS[name]["panels"]:
        if panel["type"] != "row":
            assert panel["description"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["datasource"]["uid"] == "${datasource}", panel["title"]


def test_variables_are_declared_where_they_are_used() -> None:
    built_in = {"datasource", "__rate_interval", "__range"}
    for name, board in BOARDS.items():
        declared = {variable["name"] for variable in board["templating"]["list"]}
        panels = str([panel.get("targets") for panel in board["panels"]])
        used = set(re.findall(r"\$(\w+)", panels))
        assert used <= declared | built_in, name
        assert declared - {"datasource"} <= used, name
