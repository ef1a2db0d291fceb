"""The REST API, and the console it serves: the way in for people and programs."""
