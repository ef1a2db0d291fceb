"""The audit log: entries, written in the transaction of the change, and their list."""
