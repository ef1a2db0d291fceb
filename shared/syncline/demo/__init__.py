"""The demo: an SAP Business One database, a shop, a warehouse, and what a week of them shows."""
