"""Writing to SQL Server: what its tables are, and merges of bulks."""
