"""Versions of cursors, and a person's changes of them."""
