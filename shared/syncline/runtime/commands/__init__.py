"""What people want of a run: cancelled and paused runs, and their batches."""
