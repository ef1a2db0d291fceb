"""`python -m syncline.cli`, where the `syncline` script is not on the path."""

from __future__ import annotations

from syncline.cli.main import main

main()
