"""Canonical schemas of entity types, and the check of canonical records against them."""
