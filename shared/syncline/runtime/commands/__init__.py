"""Commands for runs: which are cancelled or paused, and what becomes of their bundles."""
