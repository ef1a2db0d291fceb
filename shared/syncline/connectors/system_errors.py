"""What the operating system and TLS say of a connection, in words for people."""

from __future__ import annotations

import os
import re
import socket
import ssl

_REFUSED = re.compile(r"\[Errno (\d+)\] Connect call failed \('([^']+)', (\d+)[^)]*\)")
_MARKS = re.compile(r"\[Errno -?\d+\] |\[(?:SSL|X509|PEM)[^\]]*\] | ?\(_ssl\.c:\d+\)")
_CERTIFICATE = "certificate verify failed: "
_NO_TLS = frozenset({
    "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG",
})  # fmt: skip
"""What OpenSSL says of an answer that is no TLS."""


def plain_words(error: BaseException) -> str:
    """Return what an error says, in one line and without the marks of Python and OpenSSL.

    Empty where the error says nothing.
    """
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        return "the port does not speak TLS"
    return plain_text(str(error))


def plain_text(text: str) -> str:
    """Return what a driver says of an error in one line, without those marks."""
    text = _MARKS.sub("", _REFUSED.sub(_refused, " ".join(text.split())))
    return text.replace(_CERTIFICATE, "")


def unknown_name(host: str, error: OSError | UnicodeError) -> str:
    """Say why a name has no address."""
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return f"the name {host} cannot be looked up now"
    return f"the name {host} is not known"


def _refused(found: re.Match[str]) -> str:
    number, address, port = found.groups()
    return f"{os.strerror(int(number))} ({address}, port {port})"
