"""The state of one batch while a mapping runs over it: failures, and the rows of each depth."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.engine.conditions import answers
from syncline.domain.mapping.engine.fields import Field, RequiredFieldError
from syncline.domain.mapping.engine.growth import Growth
from syncline.domain.mapping.paths import Path, walk_column
from syncline.domain.mapping.refusal import ValueRefusedError, printable
from syncline.domain.record import Record, Value

Check: TypeAlias = Callable[[], None]


class Evaluation:
    """What all fields share while a batch is mapped.

    Attributes:
        batch: the records.
        failures: place of a record -> place of a field -> the field's first failure on it.
        check: called before each field, where somebody waits for the result: it raises what ends
            the evaluation.
        growth: what the mapping added to the batch so far.
    """

    def __init__(self, batch: Columns, check: Check | None = None) -> None:
        self.batch = batch
        self.check = check
        self.failures: dict[int, dict[int, Failure]] = {}
        self.growth = Growth()
        self._records: list[Record] | None = None
        self._answers: dict[int, tuple[list[bool], dict[int, BaseException]]] = {}

    def records(self) -> list[Record]:
        """Return the records as dicts. They are made at the first call, as few fields need them."""
        if self._records is None:
            self._records = self.batch.records()
        return self._records

    def fail(self, owner: int, field: Field | None, error: BaseException) -> None:
        """Keep why a field failed on a record, unless it has failed on that record before.

        None stands for the fixed values, which come behind all fields.
        """
        place, name = (sys.maxsize, "") if field is None else (field.place, field.name)
        self.failures.setdefault(owner, {}).setdefault(place, failure_of(name, error))

    def is_on(self, field: Field, owners: Sequence[int]) -> list[bool]:
        """Return for rows of these records whether the field's `when` holds.

        A record for which the condition raises fails, and counts as not holding.
        """
        if field.when is None:
            return [True] * len(owners)
        if field.place not in self._answers:
            self._answers[field.place] = answers(field.when, self.batch)
        holds, errors = self._answers[field.place]
        if errors:
            for owner in owners:
                if owner in errors:
                    self.fail(owner, field, errors[owner])
        return [holds[owner] for owner in owners]


class RecordContext:
    """Reads the records for rows that are elements of their arrays."""

    def __init__(self, batch: Columns, owners: Sequence[int]) -> None:
        self._batch = batch
        self._owners = owners

    def read(self, path: Path) -> list[Value]:
        """Return the value at a path of each row's record."""
        found = walk_column(self._batch.column(path[0].key or ""), path[1:])
        return list(map(found.__getitem__, self._owners))

    def repeated(self, rows: Sequence[int]) -> RecordContext:
        """Return the context of a deeper scope; `rows` gives for each of its rows the row above."""
        return RecordContext(self._batch, [self._owners[row] for row in rows])


class ValueContext:
    """Reads inside the elements of an array; ABSENT stands where a row has no element."""

    def __init__(self, values: list[Value]) -> None:
        self.values = values

    def read(self, path: Path) -> list[Value]:
        """Return the value at a path of each row's element."""
        return walk_column(self.values, path)

    def repeated(self, rows: Sequence[int]) -> ValueContext:
        """Return the context of a deeper scope; `rows` gives for each of its rows the row above."""
        return ValueContext(list(map(self.values.__getitem__, rows)))


class Scope:
    """The rows at one depth of the output: the records, or the elements of arrays inside them.

    Attributes:
        owners: the place of each row's record.
        contexts: what fields of elements read, by number; empty where the rows are the records.
        written: collects the columns of fields that may leave a row empty; None if nobody asks.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        owners: Sequence[int],
        contexts: Sequence[RecordContext | ValueContext] = (),
        written: list[list[Value]] | None = None,
    ) -> None:
        self.evaluation = evaluation
        self.owners = owners
        self.contexts = contexts
        self.written = written

    def roots(self) -> list[Record]:
        """Return the record of each row."""
        records = self.evaluation.records()
        return [records[owner] for owner in self.owners]

    def unaffordable(self, counts: Sequence[int], field: Field | None) -> set[int]:
        """Count the elements that arrays of these rows will have; return rows with too many.

        Their records fail.
        """
        growth = self.evaluation.growth
        try:
            growth.add_elements(sum(counts))
        except ValueRefusedError:  # of which row, the slow way finds out
            pass
        else:
            return set()
        refused = set()
        for row, count in enumerate(counts):
            try:
                growth.add_elements(count)
            except ValueRefusedError as error:
                self.evaluation.fail(self.owners[row], field, error)
                refused.add(row)
        return refused

    def part(self, rows: Sequence[int]) -> Scope:
        """Return the scope of some of the rows, for the steps of one field."""
        return Scope(self.evaluation, [self.owners[row] for row in rows])


def failure_of(field: str, error: BaseException) -> Failure:
    """Return the failure for a field's error: permanent, as fields are pure and fail again."""
    if isinstance(error, RequiredFieldError):
        code, words = "required_field_empty", f"{field} {error}"
    elif isinstance(error, ValueRefusedError):
        code, words = error.code, f"{field} {error}"
    else:
        code, words = "unexpected_error", f"{field}: {type(error).__name__}: {_words(error)}"
    return Failure(Category.PERMANENT, code, printable(words)[:500], field=field or None)


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a plug-in's own error may raise when it is made text
        return "no words"
