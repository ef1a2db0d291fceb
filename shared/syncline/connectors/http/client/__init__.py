"""Calls to an API: allowed addresses, TLS, compression, login."""
