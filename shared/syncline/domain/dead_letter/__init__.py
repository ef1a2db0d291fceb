"""Dead letters: their identity, groups of alike ones, replays and operations. Spec section 5."""
