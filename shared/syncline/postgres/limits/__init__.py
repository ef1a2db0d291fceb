"""What a system can bear, held over all processes: concurrency, rate, and Retry-After."""
