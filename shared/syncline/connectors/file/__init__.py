"""Flat files: CSV, JSON and Excel as a source, CSV and XML as a target."""

from __future__ import annotations

from syncline.connectors.file.connector import FileConnector

__all__ = ["FileConnector"]
