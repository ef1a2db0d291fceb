"""The demo: a SAP Business One database, a shop and a warehouse, and what a week with them shows."""
