"""Checks what a normalization makes of a batch against its canonical schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncline.domain.mapping.canonical.columns import fits, refusals
from syncline.domain.mapping.canonical.schema import CanonicalSchema
from syncline.domain.mapping.conformance import field_type
from syncline.domain.mapping.document import Normalization
from syncline.domain.mapping.engine.evaluation import Evaluation
from syncline.domain.mapping.engine.fields import ABSENT, Field
from syncline.domain.mapping.paths import EACH, Path, Segment, to_text
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.record import Value


class SchemaCheck:
    """Fails the records that do not fit a schema, each by the field that wrote the value.

    What the schema lacks or no field writes is not looked at: `validation` refuses it when a
    mapping is stored, and a stored mapping works on under a newer release's schema.
    """

    def __init__(
        self, schema: CanonicalSchema, normalization: Normalization, fields: Sequence[Field]
    ) -> None:
        self._schema = schema
        self._fields = fields
        certain = set(_certain(schema, normalization))
        self._nodes = {k: node for k, node in schema.properties.items() if k not in certain}

    def check(self, columns: dict[str, list[Value]], evaluation: Evaluation) -> None:
        """Check the columns of a batch's outputs; failures are kept in the evaluation."""
        for key, column in columns.items():
            node = self._nodes.get(key)
            if node is None or fits(node, column):
                continue
            for row, value in enumerate(column):
                if value is ABSENT:
                    continue
                for path, words in refusals(node, value, (Segment(key=key),)):
                    error = self._error(path, words)
                    evaluation.fail(row, self._written_by(path), error)

    def _error(self, path: Path, words: str) -> ValueRefusedError:
        said = f"gives `{to_text(path)}` of the schema `{self._schema.name}`, which {words}"
        return ValueRefusedError(said, code="schema_mismatch")

    def _written_by(self, path: Path) -> Field:
        """Return the field that writes a path of the output, or the nearest one to it."""
        return max(self._fields, key=lambda field: _shared(field.target, path))


def _certain(schema: CanonicalSchema, normalization: Normalization) -> Iterator[str]:
    """Yield properties whose fields give nothing but what fits, by their type alone."""
    for field in normalization.fields:
        node = schema.properties.get(field.target)
        if node is not None and not node.limits and field_type(node) is field.type:
            yield field.target


def _shared(target: Path, path: Path) -> int:
    """Return how many steps a target path and a path of the output have in common."""
    pairs = list(zip(target, path, strict=False))
    alike = [step == place or (step == EACH and place.key is None) for step, place in pairs]
    return alike.index(False) if False in alike else len(alike)
