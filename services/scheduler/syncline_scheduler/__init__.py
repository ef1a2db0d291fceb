"""Starts the runs of schedules, once for each slot, however many schedulers run."""
