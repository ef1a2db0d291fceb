"""`syncline doctor`: the checks, and the processes it asks."""
