"""Starts the runs of schedules, each slot once however many schedulers run."""
