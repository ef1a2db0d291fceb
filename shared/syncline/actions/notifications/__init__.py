"""Sending a notification: a signed webhook or an e-mail."""
