"""docs/openapi.json, made from the routes: `python -m syncline_gateway.openapi_page`."""

from __future__ import annotations

import json
from pathlib import Path

from syncline_gateway.app import documented
from syncline_gateway.document.document import document

PAGE = Path("docs/openapi.json")


def page() -> str:
    """Return the document as it is stored."""
    return json.dumps(document(documented()), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
