"""What stands in for SQL Server: its wire protocol (TDS 7.4, MS-TDS) in front of PostgreSQL."""
