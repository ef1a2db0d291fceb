"""What Oracle's error codes mean. Spec section 3, Retry."""

from __future__ import annotations

import re

from syncline.connectors.dbapi.errors import ErrorCodes, ServerError
from syncline.connectors.system_errors import plain_text

_CONNECTION_ID = re.compile(r" ?\(CONNECTION_ID=[^)]*\)")
_HELP = re.compile(r"Help: https://\S+")


def _ora(*numbers: int) -> frozenset[str]:
    return frozenset(f"ORA-{number:05}" for number in numbers)


_LOGIN = _ora(1004, 1005, 1017, 1045, 28000, 28001, 28002, 28003, 28040) | {"DPY-3015", "DPY-4001"}
_RIGHTS = _ora(1031, 1720, 1749, 2004, 41900, 28112)
_NO_TABLE = _ora(942, 4043, 4063, 980)
_FULL = _ora(1536, 1652, 1653, 1654, 1658, 1691, 1692, 257, 19809, 30036)
_NO_SERVICE = _ora(12505, 12514) | {"DPY-6001", "DPY-6003"}
CERTIFICATE = "certificate"
"""The code of a server that was not trusted; the driver has none of its own for it."""
_CONSTRAINTS = _ora(1, 1400, 1407, 2290, 2291, 2292, 1402, 14400, 28115)
CODES = ErrorCodes(
    system="Oracle",
    line=_ora(28, 31, 600, 1012, 1033, 1034, 1041, 1089, 1090, 1092, 2396, 2399, 3113, 3114, 3135,
              7445, 12153, 12170, 12516, 12518, 12519, 12520, 12521, 12523, 12528, 12537, 12541,
              12543, 12545, 12547, 12560, 12570, 12571, 12582, 12583, 12757, 24761, 25401, 25402,
              25403, 25405, 25408, 56600)
    | {"DPY-1001", "DPY-4011", "DPY-4019", "DPY-6000", "DPY-6004", "DPY-6005"},
    later=_ora(18, 20, 54, 60, 104, 1002, 1555, 4020, 4021, 4031, 4068, 4061, 8103, 8177, 12801,
               12805, 12829, 22924, 24550, 30006, 40609, 41401),
    timed_out=_ora(1013, 2049, 40) | {"DPY-4024"},
    read_only=_ora(1456, 16000, 16456, 1552, 372, 376),
    call={
        **dict.fromkeys(_LOGIN, "login_refused"),
        **dict.fromkeys(_RIGHTS, "not_permitted"),
        **dict.fromkeys(_NO_TABLE, "no_table"),
        **dict.fromkeys(_FULL, "disk_full"),
        **dict.fromkeys(_NO_SERVICE, "no_database"),
        CERTIFICATE: "certificate_refused",
        "DPY-3001": "encryption_demanded",
        "DPY-3010": "server_too_old",
        "ORA-00918": "duplicate_column",
        "ORA-06576": "no_procedure",
    },
    advice={
        **dict.fromkeys(_FULL, "free some space there, then run again or replay what failed"),
        **dict.fromkeys(
            _NO_SERVICE,
            "`database` is the service's name and not the SID; `lsnrctl services` lists them",
        ),
        "DPY-3001": "the server asks for Native Network Encryption, which this driver does not "
        "speak: let it listen with TLS (tcps), and say `sslmode: require` with that port",
        "DPY-3010": "Oracle 12.1 or later is needed",
        "DPY-3015": "the user's password is stored in a form of Oracle 10: set it anew",
    },
    records=_CONSTRAINTS | _ora(
        910, 932, 1401, 1403, 1426, 1438, 1461, 1465, 1476, 1481, 1483, 1489, 1722, 6502, 12899,
        14402, 22835, 22297, 26002, 30044, 31011, 40441, 40478, 40587, 61800,
    ),
    own=re.compile(r"ORA-(20\d{3}|018\d\d)"),
    constraints=_CONSTRAINTS,
    orphans=_ora(2291),
    may_pass_codes=_ora(1, 2291, 2292),
    deadlocks=_ora(60),
    column=re.compile(r'"[^"]+"\."[^"]+"\."([^"]+)"'),
)  # fmt: skip
"""`own`: what triggers and procedures raise (20000 to 20999), and values that are no times.

1 (unique key) may be another writer's MERGE that was first: the same again is an update.
"""


def server_error(code: str, message: str) -> ServerError:
    """Make the error of what the driver says."""
    if "certificate verify failed" in message:
        code = CERTIFICATE
    if "WRONG_VERSION_NUMBER" in message:
        message = f"{code}: the port does not speak TLS"
    words = _HELP.sub("", _CONNECTION_ID.sub("", message))
    return ServerError(code, plain_text(words).strip())
