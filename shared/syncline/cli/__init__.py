"""The `syncline` command: for operators, integrators and platform teams."""
