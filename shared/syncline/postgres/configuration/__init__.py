"""Profiles, mappings, instances and schedules: how they are changed, read and listed."""
