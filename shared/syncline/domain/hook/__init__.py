"""Hooks: systems that tell by themselves which of their records have changed. Spec section 2.1."""
