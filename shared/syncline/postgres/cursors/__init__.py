"""A person's changes of cursors."""
