"""The deadletter service."""
