"""Values: numbers, dates and texts, read exactly or refused."""
