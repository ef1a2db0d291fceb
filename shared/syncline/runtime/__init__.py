"""The stage runtime: one loop for every service. It knows ports, not Kafka."""
