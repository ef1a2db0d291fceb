"""Writing MySQL: tables, keys, bulks."""
