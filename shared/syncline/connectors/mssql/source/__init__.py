"""Reading SQL Server: queries, pages, records by ID."""
