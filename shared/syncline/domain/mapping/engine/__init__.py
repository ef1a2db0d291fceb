"""The engine: a checked mapping becomes two functions that run per batch."""
