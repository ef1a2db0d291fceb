"""The execute service."""
