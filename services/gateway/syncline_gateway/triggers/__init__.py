"""Asking for runs: what a request means, why it is refused, and replays."""
