"""What connectors to the API of one vendor share: they are the HTTP connector with ready blocks."""
