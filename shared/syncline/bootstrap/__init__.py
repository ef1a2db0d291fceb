"""Settings and wiring: the one place where adapters meet handlers."""
