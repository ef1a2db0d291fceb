"""Transformers: the built-in ones, their options, and the registry that plug-ins add to."""
