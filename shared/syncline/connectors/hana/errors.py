"""What HANA's error codes mean. Spec section 3, Retry."""

from __future__ import annotations

import re

from syncline.connectors.dbapi.errors import ErrorCodes, ServerError

_MARKS = re.compile(r"RTE:\[\d+\] |, rc=\d+| ?[({]\S+:\d+ -> \S+:\d+[)}]")


def _codes(*numbers: int) -> frozenset[str]:
    return frozenset(map(str, numbers))


CERTIFICATE = "certificate"
"""The code of a server that was not trusted; the driver has none of its own for it."""
CODES = ErrorCodes(
    system="HANA",
    line=_codes(-10709, -10806, -10807, -10821, -10108, -10104, -10106, 1033, 1034, 1035, 1038),
    later=_codes(4, 129, 131, 133, 138, 146, 149, 613, 663, 1027, 1028, 1029, 1030, 1031),
    timed_out=_codes(139, 457, 487, 663),
    read_only=frozenset(),
    call={
        **dict.fromkeys(_codes(10, 332, 414, 415, 416, 591), "login_refused"),
        **dict.fromkeys(_codes(258, 593), "not_permitted"),
        **dict.fromkeys(_codes(259, 288, 362, 397), "no_table"),
        "268": "duplicate_column",
        CERTIFICATE: "certificate_refused",
    },
    advice={"414": "set a new password for the user", "416": "an administrator must unlock it"},
)


def server_error(code: int, message: str) -> ServerError:
    """Make the error of what the driver says."""
    words = _MARKS.sub("", message)
    if "Cannot create SSL engine" in message:
        words = "the port does not speak TLS"
    if "certificate verify failed" in message:
        words = "the server's certificate is not trusted"
    if "certificate" in message.lower():
        return ServerError(CERTIFICATE, words)
    return ServerError(str(code), words)
