"""Reading PostgreSQL: queries, pages, and writers that are still open."""
