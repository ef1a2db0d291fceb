"""The mapping engine: a mapping document is validated once, compiled once, and run per batch."""
