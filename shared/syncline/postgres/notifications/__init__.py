"""Incidents, alerts, subscriptions, and the deliveries that tell of them."""
