"""Secrets of profiles: encrypted where they are stored, masked where they are shown."""
