"""Dead letters: IDs, fingerprints, replays and operations. Spec section 5."""
