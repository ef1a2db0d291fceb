"""One batch on its way through a mapping: what its fields share, and the rows that they make."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.engine.conditions import answers
from syncline.domain.mapping.engine.fields import Field, RequiredFieldError
from syncline.domain.mapping.paths import Path, walk_column
from syncline.domain.mapping.refusal import ValueRefusedError, printable
from syncline.domain.record import Record, Value


class Evaluation:
    """What the fields of one batch share.

    Attributes:
        batch: the records.
        failures: place of a record -> place of a field in the mapping -> why it broke first.
    """

    def __init__(self, batch: Columns) -> None:
        self.batch = batch
        self.failures: dict[int, dict[int, Failure]] = {}
        self._records: list[Record] | None = None
        self._answers: dict[int, tuple[list[bool], dict[int, BaseException]]] = {}

    def records(self) -> list[Record]:
        """Return the records as dicts, made once: few fields need them."""
        if self._records is None:
            self._records = self.batch.records()
        return self._records

    def fail(self, owner: int, field: Field, error: BaseException) -> None:
        """Note that a field broke on a value of a record, unless it broke on an earlier one."""
        self.failures.setdefault(owner, {}).setdefault(field.place, failure_of(field.name, error))

    def is_on(self, field: Field, owners: Sequence[int]) -> list[bool]:
        """Tell by `when` whether a field is there, for rows of these records.

        Where that cannot be told the record fails.
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
    """The records as seen from elements of their arrays: read by the column."""

    def __init__(self, batch: Columns, owners: Sequence[int]) -> None:
        self._batch = batch
        self._owners = owners

    def read(self, path: Path) -> list[Value]:
        """Return what a path inside gives, a value a row."""
        found = walk_column(self._batch.column(path[0].key or ""), path[1:])
        return list(map(found.__getitem__, self._owners))

    def repeated(self, rows: Sequence[int]) -> RecordContext:
        """Return the context for rows that come of these."""
        return RecordContext(self._batch, [self._owners[row] for row in rows])


class ValueContext:
    """Values that are read inside: elements of an array, ABSENT where a row has none."""

    def __init__(self, values: list[Value]) -> None:
        self.values = values

    def read(self, path: Path) -> list[Value]:
        """Return what a path inside gives, a value a row."""
        return walk_column(self.values, path)

    def repeated(self, rows: Sequence[int]) -> ValueContext:
        """Return the context for rows that come of these."""
        return ValueContext(list(map(self.values.__getitem__, rows)))


class Scope:
    """The rows of one depth: the records, or elements of arrays inside them.

    Attributes:
        owners: of each row the place of its record.
        contexts: what the fields of elements read, by number; records are read by column.
        written: the columns of fields that may leave a row empty, if that is asked.
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
        """Return each row's record."""
        records = self.evaluation.records()
        return [records[owner] for owner in self.owners]

    def part(self, rows: Sequence[int]) -> Scope:
        """Return some rows, for the steps of one field."""
        return Scope(self.evaluation, [self.owners[row] for row in rows])


def failure_of(field: str, error: BaseException) -> Failure:
    """Say why a field could not be mapped: for good, whatever it was, as fields are pure."""
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
    except Exception:  # noqa: BLE001 - a plug-in's own error may not even be told
        return "no words"
