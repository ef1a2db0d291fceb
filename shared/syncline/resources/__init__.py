"""Configuration as files: reading, checking, applying, comparing, exporting, and their schema."""
