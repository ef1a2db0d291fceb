"""SQL Server's SQL: what may hide a name in a person's statement."""

from __future__ import annotations

import re

TOKENS = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\[(?:[^\]]|\]\])*\]|--[^\n]*|/\*.*?\*/"
    r"|::|:(?P<name>[A-Za-z_]\w*)|(?P<end>;)",
    re.DOTALL,
)
"""What may hide a name or a semicolon, and these two."""
