"""Logs: one JSON object in each line, without secrets."""

from __future__ import annotations

import atexit
import logging
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TextIO, cast

import msgspec
import structlog

from syncline.contracts.wire import Delivery
from syncline.telemetry.line_writer import LineWriter
from syncline.telemetry.masking import MASK, SECRETS

MOST_NAMED = 5
OF_A_RUN = ("correlation_id", "tenant", "instance", "entity_type")
_SECRET_WORDS = ("password", "secret", "token", "authorization", "api_key", "apikey", "dsn")


def configure_logs(service: str, level: str = "INFO") -> None:
    """Send JSON lines to standard error: time (UTC), level, service, event, and the keys given.

    They are written by a thread: whoever does not read them keeps no service from its work.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            partial(_name, service),
            mask_secrets,
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(_stream()),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_Foreign()])
    # The client logs each second that a broker is away; our own lines say it once for each wait.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _stream() -> TextIO:
    """Return what writes to standard error by a thread; a stream in memory writes by itself."""
    try:
        writer = LineWriter(sys.stderr.fileno())
    except OSError:  # it has no file: it writes in memory, which waits for nobody
        return sys.stderr
    atexit.register(writer.close)
    return cast("TextIO", writer)


def mask_secrets(
    _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """Mask the values of keys that name a secret, and known secret values in all others."""
    for key, value in event.items():
        is_secret = any(word in key.lower() for word in _SECRET_WORDS)
        event[key] = MASK if is_secret else _masked(value)
    return event


def _masked(value: object) -> object:
    """Mask the texts in a value before they are encoded; a number stays a number."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(part) for part in value]
    if isinstance(value, dict):
        return {key: _masked(part) for key, part in value.items()}
    return SECRETS.mask(str(value))


@contextmanager
def about(stage: str, deliveries: Sequence[Delivery]) -> Iterator[None]:
    """Add the stage to every log line of the block, and the run and tenant if there is one run.

    With several runs: the first few correlation IDs. What is bound of the run inside the block ends
    with it.
    """
    keys = list(dict.fromkeys((d.key or b"").decode(errors="replace") for d in deliveries))
    facts: dict[str, object] = {"stage": stage}
    if len(keys) == 1:
        tenant = dict(deliveries[0].headers).get("tenant", b"").decode(errors="replace")
        facts |= {n: v for n, v in (("correlation_id", keys[0]), ("tenant", tenant)) if v}
    else:
        facts["correlation_ids"] = keys[:MOST_NAMED]
    before = structlog.contextvars.bind_contextvars(**facts)
    try:
        yield
    finally:
        structlog.contextvars.unbind_contextvars(*OF_A_RUN)
        structlog.contextvars.reset_contextvars(**before)


def _name(
    service: str, _logger: object, _method: str, event: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    event.setdefault("service", service)
    return event


def _render(_logger: object, _method: str, event: MutableMapping[str, object]) -> str:
    ordered = {name: event.pop(name, "") for name in ("time", "level", "event")} | dict(event)
    try:
        return msgspec.json.encode(ordered, enc_hook=str).decode()
    except (UnicodeEncodeError, TypeError):  # such as a lone surrogate; log the line anyway
        return msgspec.json.encode({key: ascii(value) for key, value in ordered.items()}).decode()


class _Foreign(logging.Handler):
    """Handles log lines of libraries that use the standard logging module."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), logger=record.name)
