"""What an answer of an API says: its text, its failure, and when to come back."""
