"""Commands that ask for runs, watch them, and look at their records."""
