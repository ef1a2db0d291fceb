"""Commands for what is configured: files, cursors, schedules."""
