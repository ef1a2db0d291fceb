"""Whole installations that are broken on purpose, and what is counted of them."""
