"""Without any extra all can be imported but what stands behind the driver of a connector."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMPORT_ALL = """
import importlib, pkgutil, sys
from syncline.connectors.registry import connector_class, names

away, roots = (part.split(",") for part in sys.argv[1:])
for name in away:
    sys.modules[name] = None  # as if it were not installed
kinds = [connector_class(name) for name in names()]
driven = {kind.__module__.rpartition(".")[0]: kind.driver.module for kind in kinds if kind.driver}
for root in roots:
    for found in pkgutil.walk_packages(importlib.import_module(root).__path__, root + "."):
        if found.name.startswith("syncline.testing.") or found.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            lacks = (error.name or "").partition(".")[0]
            if not any(found.name.startswith(p) and m == lacks for p, m in driven.items()):
                raise
print(*(kind.driver.missing() for kind in kinds if kind.driver), sep="\\n")
"""


def distributions(names: list[str]) -> set[str]:
    """Return names of distributions without their own extras, as metadata compares them."""
    return {name.partition("[")[0].lower().replace("_", "-") for name in names}


def test_everything_can_be_imported_without_extras() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    base = distributions(project["dependencies"])
    optional = distributions([name for names in extras.values() for name in names]) - base
    modules = packages_distributions()
    away = [m for m, owners in modules.items() if distributions(owners) <= optional]
    folders = [p.name for p in ROOT.glob("services/*/syncline_*")]

    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, ",".join(away), ",".join(["syncline", *folders])],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert {"asyncmy", "pytest", "python_calamine"} <= {*away}
    assert "pip install 'syncline[mysql]'" in done.stdout


def test_drivers_are_extras_alone() -> None:
    """What a driver brings along stays out of an installation whose owner does not need it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: names for name, names in project["optional-dependencies"].items()
              if name not in ("dev-servers", "test")}  # fmt: skip

    assert extras
    for names in extras.values():
        assert distributions(names).isdisjoint(distributions(project["dependencies"]))
    assert len(project["dependencies"]) == 25, "the base installation is to stay as small as it is"
