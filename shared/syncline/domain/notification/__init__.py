"""Notifications: what people are told, when, and by which subscription. Spec section 8."""
