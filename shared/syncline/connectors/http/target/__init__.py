"""Writing to an API: search by match key, create, update, delete."""
