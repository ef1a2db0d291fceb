"""Dead letters: stored, closed, replayed, selected, grouped and listed."""
