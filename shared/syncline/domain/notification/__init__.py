"""Notifications: incidents, and subscriptions to their alerts. Spec section 8."""
