"""Starts the runs of schedules and of hooks, each once, however many schedulers run."""
