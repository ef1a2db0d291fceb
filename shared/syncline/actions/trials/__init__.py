"""Trials: a dry run, a draft on stored records, a record traced through a mapping."""
