"""What a target has: the write ledger, known rows, and the names of rows."""
