"""A process: its start, drain, health and snapshots."""
