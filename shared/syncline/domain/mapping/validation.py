"""Checking a mapping document: every mistake, each by its JSON path, before anything is saved."""

from __future__ import annotations

from typing import TypeVar

from syncline.domain.document_fields import drop_nulls
from syncline.domain.errors import InvalidInputError
from syncline.domain.mapping.agreement import problems_of
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.values.literals import unusable
from syncline.domain.validation_errors import validated

M = TypeVar("M", bound=Mapping)


def parse(document: object, *, stored: bool = False) -> Mapping:
    """Check a decoded mapping document and return it as typed values.

    Args:
        stored: an earlier release may have taken it: it goes on working, whatever newer checks
            would say of it.

    Raises:
        InvalidInputError: names every mistake by its JSON path.
    """
    return parse_as(Mapping, document, stored=stored)


def parse_as(model: type[M], document: object, *, stored: bool = False) -> M:
    """Check a mapping document that may have more fields. Raises as `parse`."""
    problems = [] if stored else list(unusable(document))
    try:
        mapping = validated(model, drop_nulls(document))
    except InvalidInputError as error:
        raise InvalidInputError([*error.problems, *problems]) from None
    if not problems and not stored:
        problems += problems_of(mapping)
    if problems:
        raise InvalidInputError(problems)
    return mapping
