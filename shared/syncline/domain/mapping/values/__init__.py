"""Values: numbers, dates and texts, converted exactly or refused."""
