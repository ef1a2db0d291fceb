"""Tenants, users, sessions, API keys and one-time links: who may sign in, and where."""
