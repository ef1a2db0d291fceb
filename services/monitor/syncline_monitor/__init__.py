"""Rates and waiting records of each stage over time; only this service uses Faust (0017)."""
