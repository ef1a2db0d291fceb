"""What the dashboard and the monitor show."""
