"""Syncline: moves business records between systems, one outcome for every record."""
