"""Commands for users and API keys."""
