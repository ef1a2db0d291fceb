"""Cursors: how values are compared, and where a run leaves the bookmark. Spec section 2.5."""
