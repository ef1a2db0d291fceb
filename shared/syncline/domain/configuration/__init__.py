"""Configuration documents, and comparing them with what is stored."""
