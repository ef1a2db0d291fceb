"""Asks a service in its container how it is: `probe.py healthz` or `probe.py readyz`."""

from __future__ import annotations

import http.client
import os
import sys


def main() -> int:
    """Print the answer; 0 when it is a good one."""
    port = int(os.environ.get("SYNCLINE_HEALTH_PORT") or "8080")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", f"/{sys.argv[1]}")
        answer = connection.getresponse()
        sys.stdout.write(answer.read().decode() + "\n")
    except OSError as error:
        sys.stdout.write(f"no answer: {error}\n")
        return 1
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
