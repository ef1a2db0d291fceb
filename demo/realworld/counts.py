"""Stands before an HTTP API, hands every call on, and counts calls and answers."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PER_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class CountingProxy:
    """Counts what goes to 127.0.0.1:`to`; `calls` by method, `answers` by status."""

    def __init__(self, port: int, to: int) -> None:
        self.calls: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self, to))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> CountingProxy:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, method: str, status: int) -> None:
        """Note one call and its answer."""
        with self._lock:
            self.calls[method] += 1
            self.answers[status] += 1

    def take(self) -> tuple[int, Counter[int]]:
        """Return the number of calls, and the answers by status, since the last time."""
        with self._lock:
            taken = self.calls.total(), Counter(self.answers)
            self.calls.clear()
            self.answers.clear()
        return taken


def _kept(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _PER_HOP]


def _handler(proxy: CountingProxy, to: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body in one packet

        def _hand_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            headers = dict(_kept(self.headers.items()))
            onward = http.client.HTTPConnection("127.0.0.1", to, timeout=60)
            try:
                onward.request(self.command, self.path, body, headers)
                answer = onward.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self.close_connection = True  # whoever called sees what happened here
                return
            finally:
                onward.close()
            proxy.count(self.command, answer.status)
            self.send_response_only(answer.status)
            for name, value in _kept(answer.getheaders()):
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _hand_on  # noqa: N815 - http.server's

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    return Handler
