"""The audit log: entries written with the change they tell of, and their list."""
