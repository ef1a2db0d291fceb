"""The pipeline in memory: the real handlers, and an order of events that a seed decides."""
