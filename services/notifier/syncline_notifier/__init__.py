"""Notifies people and programs of state changes by signed webhooks and e-mail."""
