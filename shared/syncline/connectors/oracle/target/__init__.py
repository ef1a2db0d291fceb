"""Writing to Oracle: what its tables are, and merges of bulks."""
