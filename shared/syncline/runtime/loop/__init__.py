"""The stage loop: a group session, a worker for each partition, offsets in order."""
