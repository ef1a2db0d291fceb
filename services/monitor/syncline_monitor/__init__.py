"""Rates and waiting records per stage over time: the one room of Faust (docs/decisions)."""
