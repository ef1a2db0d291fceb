"""Schedules: when they fire, in words and in instants. Spec section 9."""
