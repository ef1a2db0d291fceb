"""Writing to PostgreSQL: tables, bulks, upserts and changed keys."""
