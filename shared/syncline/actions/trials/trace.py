"""One record through a mapping, step by step, by the very code that the workers run."""

from __future__ import annotations

import msgspec

from syncline.actions.trials.bounded_work import Budget
from syncline.contracts.bundle import LARGEST_BUNDLE
from syncline.contracts.messages import decoder_of, encode
from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.engine.compiler import compile_mapping
from syncline.domain.record import Record
from syncline.runtime.mapping_handler import too_large
from syncline.telemetry.masking import Secrets

_decode = decoder_of(Record).decode
_PARTS = {Stage.NORMALIZE: "normalization", Stage.TRANSFORM: "transformation"}


class FieldError(msgspec.Struct, frozen=True, rename="camel"):
    """An error: `path` is in the mapping, `field` in the record, None for the whole record."""

    stage: str
    path: str
    field: str | None
    code: str
    message: str


class Trace(msgspec.Struct, frozen=True, rename="camel"):
    """What a mapping makes of a record: `mapped` (to JSON texts), `excluded` or `failed`."""

    outcome: str
    canonical: str | None
    payload: str | None
    errors: list[FieldError] = []


class Tracer:
    """A mapping, ready for records one by one; it shows no secret.

    Every method may raise InvalidInputError: what is left of the budget is not enough.
    """

    def __init__(self, mapping: Mapping, secrets: Secrets, budget: Budget) -> None:
        self._compiled = compile_mapping(mapping)
        self._secrets = secrets
        self._budget = budget

    def raw(self, data: bytes) -> Trace:
        """Take a raw record, encoded, as Normalize reads it from its topic."""
        made = self._step(data, Stage.NORMALIZE)
        return made if isinstance(made, Trace) else self.canonical(made)

    def canonical(self, data: bytes) -> Trace:
        """Take a canonical record, encoded, as Transform reads it from its topic."""
        made = self._step(data, Stage.TRANSFORM)
        if isinstance(made, Trace):
            return msgspec.structs.replace(made, canonical=self.shown(data))
        return Trace("mapped", self.shown(data), self.shown(made))

    def shown(self, data: bytes) -> str:
        """Return a record's JSON as it may be shown."""
        return self._budget.show(self._secrets.mask_json(data.decode()))

    def _step(self, data: bytes, stage: Stage) -> bytes | Trace:
        """Return what a stage would send on, or what becomes of the record there."""
        try:
            record = _decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            return self.failed(stage, Failure(Category.PERMANENT, "invalid_record", str(error)))
        compiled, normalizes = self._compiled, stage is Stage.NORMALIZE
        apply = compiled.normalize if normalizes else compiled.transform
        result = apply(Columns.of([record]), self._budget.check)
        if result.excluded:
            return Trace("excluded", None, None)
        if result.failures:
            find = compiled.broken_normalization if normalizes else compiled.broken_transformation
            found = find(record) or [(-1, result.failures[0])]
            return Trace("failed", None, None, [self._error(stage, *each) for each in found])
        made = encode(result.outputs.records()[0])
        return made if len(made) <= LARGEST_BUNDLE else self.failed(stage, too_large(len(made)))

    def failed(self, stage: Stage, failure: Failure) -> Trace:
        """Return the trace of a record that fails as a whole."""
        return Trace("failed", None, None, [self._error(stage, -1, failure)])

    def _error(self, stage: Stage, place: int, failure: Failure) -> FieldError:
        part = _PARTS.get(stage, "extraction")
        path = f"$.{part}" if place < 0 else f"$.{part}.fields[{place}]"
        message = self._secrets.mask(failure.message)
        return FieldError(stage.value, path, failure.field, failure.code, message)
