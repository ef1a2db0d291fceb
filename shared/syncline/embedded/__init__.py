"""Real Kafka and real PostgreSQL as child processes, for `syncline dev`, `make demo` and the tests.

No containers: Kafka comes from its Maven artefacts, its JRE and PostgreSQL from PyPI packages.
"""
