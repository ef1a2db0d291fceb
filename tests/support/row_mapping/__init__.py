"""A mapping record by record, in Python source that it writes: the referee of the engine."""
