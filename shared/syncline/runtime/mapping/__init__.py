"""What Normalize and Transform have in common: map a batch, forward it."""
