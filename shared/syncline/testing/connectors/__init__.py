"""The kit for connectors: a pytest plug-in with what every connector has to do, written once.

    pytest_plugins = ["syncline.testing.connectors"]   # in the conftest.py of your tests
    asyncio_mode = auto                                # in the settings of pytest

A small test class for each connector inherits the suites that fit: `ConnectorSuite`, and
`SourceSuite`, `TargetSuite` or both. It gives them a world: the system, or what stands in for it,
with one connector to it. A connector says what it can do in its `Capabilities`, the world says the
rest; parts that are not offered are left out. docs/connectors/writing-one.md builds one.
"""

from __future__ import annotations
