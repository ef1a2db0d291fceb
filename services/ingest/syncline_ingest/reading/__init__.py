"""Reading a run's source: opened, prefetched, encoded as rows."""
