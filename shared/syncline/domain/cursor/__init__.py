"""Cursors: how values are compared, and where a run leaves the cursor. Spec section 2.5."""
