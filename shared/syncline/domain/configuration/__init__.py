"""What people configure, and what a change of it means."""
