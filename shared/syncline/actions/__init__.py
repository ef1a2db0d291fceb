"""What a person can ask for, whoever they ask: the command line and the gateway call these."""
