"""Hooks: their secrets, what they received, the runs that come of it, and how people see it."""
