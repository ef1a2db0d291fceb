"""Who calls, what they may do, and what holds for every request."""
