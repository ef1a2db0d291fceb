"""The stage runtime: one loop for every service, written once. Knows ports, not Kafka."""
