"""Doubts: what is allowed and still probably not meant."""
