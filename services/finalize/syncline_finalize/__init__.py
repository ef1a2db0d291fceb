"""The finalize service."""
