"""The kit for connectors: a pytest plug-in with what every connector has to do, written once.

    pytest_plugins = ["syncline.testing.connectors"]   # in the conftest.py of your tests
    asyncio_mode = auto                                # in the settings of pytest

A small test class for each connector inherits the suites that fit: `ConnectorSuite`, and
`SourceSuite`, `TargetSuite` or both. It gives them a world: the system, or what stands in for it,
with one connector to it. A connector says what it can do in its `Capabilities`, the world says the
rest; parts that are not offered are left out. docs/connectors/writing-one.md builds one.
"""

from __future__ import annotations

import os

import pytest


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses `system_url` with None, and with the URL in `SYNCLINE_TEST_<NAME>_URL` if set.

    <NAME> is the `system` of the test's class, in capitals. None stands for what the tests start
    themselves; the URL is of a real system that is there for tests.
    """
    if "system_url" not in metafunc.fixturenames:
        return
    url = os.environ.get(f"SYNCLINE_TEST_{metafunc.cls.system.upper()}_URL")
    local = pytest.param(None, id=pytest.HIDDEN_PARAM)
    metafunc.parametrize("system_url", [local, pytest.param(url, id="real")] if url else [local])
