"""Runs: their rows, their turns and pauses, and what people see of them."""
