"""What a person writes about an HTTP API: profile, extraction, target block."""
