"""How a run gets on: its extraction, its outcomes, its end."""
