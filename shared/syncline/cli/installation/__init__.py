"""Commands for those who install: servers, services, topics, secrets, the demo."""
