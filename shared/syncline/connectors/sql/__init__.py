"""What the connectors to SQL databases share: texts of SQL, match keys, and rows that tie."""
