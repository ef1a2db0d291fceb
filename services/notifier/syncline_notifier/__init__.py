"""Tells people and programs outside of state changes: signed webhooks and e-mail."""
