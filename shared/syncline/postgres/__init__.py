"""Configuration, run state, ledger, DLQ and cursors in PostgreSQL; the only code naming asyncpg."""
