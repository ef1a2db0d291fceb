"""Schedules: when they fire. Spec section 9."""
