"""A process's life: start, drain, health, and what it reports of itself."""
