"""What every command has: its shell, its options, its errors, tables and texts."""
