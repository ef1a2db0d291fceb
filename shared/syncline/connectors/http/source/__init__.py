"""Reading an API: pages, bookmarks, and single records by ID."""
