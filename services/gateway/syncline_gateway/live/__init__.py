"""Live streams: status events and the services' state as server-sent events."""
