"""Publishing committed batches, and doing so again after a crash."""
