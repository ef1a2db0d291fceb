"""`syncline dlq`: look at dead letters, replay, discard and restore them."""
