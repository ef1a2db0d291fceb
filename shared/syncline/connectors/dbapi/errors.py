"""What a database's errors mean for a record and for a call, by their codes. Spec section 3."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.system_errors import plain_words
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure, RetriableError


class ServerError(Exception):
    """A driver's error.

    Attributes:
        code: as the database or the driver writes it, such as `ORA-00942`.
        words: what it says, in one line.
    """

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = " ".join(words.split())[:500]


class ErrorCodes(msgspec.Struct, frozen=True):
    """What the codes of a database mean; those that are in none mean that the call is refused.

    Attributes:
        system: for people.
        line: the connection is of no more use.
        later: the same call may succeed later; all of `line` and `timed_out`, too.
        call: code -> the port's code of what stops all, such as `no_table`.
        advice: code -> what to do where the words do not tell.
        records: a record was refused for what it is; `own` matches further ones.
        constraints: those of `records` that are a constraint's.
        orphans: those of a record whose parent is not there.
        may_pass: those that may be taken once another record was written.
        column: finds the column in the words of a record's failure.
    """

    system: str
    line: frozenset[str]
    later: frozenset[str]
    timed_out: frozenset[str]
    read_only: frozenset[str]
    call: Mapping[str, str]
    advice: Mapping[str, str]
    records: frozenset[str] = frozenset()
    own: re.Pattern[str] = re.compile("(?!)")
    constraints: frozenset[str] = frozenset()
    orphans: frozenset[str] = frozenset()
    may_pass_codes: frozenset[str] = frozenset()
    deadlocks: frozenset[str] = frozenset()
    column: re.Pattern[str] = re.compile("(?!)")

    def is_of_the_line(self, error: BaseException) -> bool:
        """Tell whether a connection is of no more use."""
        return not isinstance(error, ServerError) or error.code in self.line

    def is_transient(self, error: BaseException) -> bool:
        """Tell whether the same call may succeed later."""
        if not isinstance(error, ServerError):
            return isinstance(error, OSError | TimeoutError)
        return error.code in self.line | self.later | self.timed_out | self.read_only

    def is_deadlock(self, error: BaseException) -> bool:
        """Tell whether the server undid the statement, because another one waited for it."""
        return code_of(error) in self.deadlocks

    def is_of_a_record(self, error: BaseException) -> bool:
        """Tell whether a write was refused for what a record is, and not for what all meet."""
        code = code_of(error)
        return code in self.records or self.own.fullmatch(code) is not None

    def may_pass(self, error: BaseException) -> bool:
        """Tell whether a record may be taken once another one was written."""
        return code_of(error) in self.may_pass_codes

    def is_not_permitted(self, error: BaseException) -> bool:
        """Tell whether the user lacks a right."""
        return self.call.get(code_of(error)) == "not_permitted"

    def part_of(self, error: BaseException) -> str:
        """Return the part of a connection test that failed."""
        found = self.call.get(code_of(error), "")
        parts = {"login_refused": "login", "not_permitted": "permission", "no_database": "data"}
        is_tls = found == "certificate_refused" or "TLS" in words_of(error)
        return parts.get(found, "tls" if is_tls else "host")

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn errors of a whole call into the port's.

        Raises RetriableError where the server is away, busy, read-only, or asks to try again, and
        ConnectorError for login, permission, or a query that it does not take.
        """
        try:
            yield
        except (ServerError, OSError, TimeoutError) as error:
            if self.is_transient(error):
                raise self._later(error) from error
            raise self.refused_call(error) from error

    def _later(self, error: BaseException) -> RetriableError:
        words, code = f"{self.system}: {words_of(error)}", code_of(error)
        if code in self.read_only:
            return RetriableError(f"{words}: the server takes no changes now", code="read_only")
        if code in self.timed_out or isinstance(error, TimeoutError):
            return RetriableError(words, code="query_timeout")
        return RetriableError(words, code="source_unavailable")

    def refused_call(self, error: BaseException, advice: str = "") -> ConnectorError:
        """Say why a call can never succeed as things are."""
        words, code = f"{self.system}: {words_of(error)}", code_of(error)
        if own := self.advice.get(code):
            return refusal(self.call.get(code, "query_refused"), f"{words}: {own}")
        message = f"{words}: {advice}, then run again or replay what failed" if advice else words
        return refusal(self.call.get(code, "query_refused"), message)

    def failure_of(self, error: BaseException) -> Failure:
        """Say why one record was refused, in the database's own words."""
        words, code = words_of(error), code_of(error)
        found = self.column.search(words)
        reason = "constraint_violated" if code in self.constraints else "value_refused"
        if code in self.orphans:
            reason = PARENT_MISSING
        return Failure(
            Category.PERMANENT, reason, f"{self.system}: {words}", field=found and found[1]
        )


def code_of(error: BaseException) -> str:
    """Return the code of an error, "" where it has none."""
    return error.code if isinstance(error, ServerError) else ""


def words_of(error: BaseException) -> str:
    """Return what was said, in one line."""
    words = error.words if isinstance(error, ServerError) else plain_words(error)
    return words or ("no answer in time" if isinstance(error, TimeoutError) else "no answer")
