"""Testing a connection, and reading a few records of a source."""
