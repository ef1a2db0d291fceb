"""What may hide a name in a person's statement of Oracle's SQL."""

from __future__ import annotations

import re

TOKENS = re.compile(
    r"[nN]?[qQ]'(?:\[.*?\]'|\{.*?\}'|\(.*?\)'|<.*?>'|(?P<sign>[^\s\[{(<]).*?(?P=sign)')"
    r"|'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|:=|:(?P<name>[A-Za-z_]\w*)|(?P<end>;)",
    re.DOTALL,
)
"""What may hide a name or a semicolon, and these two."""
