"""Reading MySQL: queries, pages, records by ID."""
