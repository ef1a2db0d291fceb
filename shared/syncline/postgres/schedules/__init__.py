"""Firings of schedules, and how schedules look."""
