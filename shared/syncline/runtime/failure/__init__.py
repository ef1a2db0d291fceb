"""What a failure leads to: a retry, a dead letter, the quarantine."""
