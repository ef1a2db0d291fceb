"""Answers by which an API says something in its own way: gone, there already, none found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from syncline.connectors.http.answers.answer import CODES
from syncline.domain.errors import Failure
from syncline.domain.mapping.reading import Reader

_STATUS = {code: status for status, code in CODES.items()}


class Sign(msgspec.Struct, frozen=True):
    """An answer of this status whose body contains this text, in any case."""

    status: int | None
    contains: str

    def fits(self, status: int | None, text: str) -> bool:
        return self.status in (None, status) and self.contains.lower() in text.lower()


def signs_of(r: Reader, name: str) -> Sequence[Sign]:
    """Read a list of signs."""
    signs = []
    for rule in r.children(name):
        status = rule.anything("status")
        if status is not None and (type(status) is not int or not 200 <= status <= 599):
            rule.problem("status", "must be a status such as 404")
            status = None
        contains = rule.text("contains")
        if status is None and not contains:
            rule.problem(None, "needs `status` or `contains`, or it would fit every answer")
        if status is not None and 200 <= status <= 299 and not contains:
            rule.problem("contains", "is required beside a status that means success")
        rule.refuse_unknown()
        signs.append(Sign(status, contains))
    return signs


def is_one_of(signs: Iterable[Sign], failure: Failure, status: int | None = None) -> bool:
    """Tell whether a failure is what a sign describes.

    Args:
        status: of the answer; None takes it from the failure's code.
    """
    if status is None:
        number = failure.code.removeprefix("http_")
        status = int(number) if number.isdigit() else _STATUS.get(failure.code)
    text = f"{failure.message}\n{failure.detail or ''}"
    return any(sign.fits(status, text) for sign in signs)
