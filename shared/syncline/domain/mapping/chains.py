"""The chain of a field's transformers, each with its own options.

`transform` is a step or a list of steps. A step is a transformer's name, or an object of one name
and its options: `{replace: {search: ",", replace: "."}}`. The options of a step that is only a name
are in the field's `options`: all of them if it is the only step, else those under its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import msgspec
from pydantic import Field

from syncline.domain.errors import Problem
from syncline.domain.mapping.transformers.options import OptionError, Options
from syncline.domain.mapping.transformers.registry import registry
from syncline.domain.naming import meant
from syncline.domain.record import JsonObject
from syncline.domain.validation_errors import PartError

MOST_STEPS = 100
"""Transformers of one field."""
WrittenStep = str | Annotated[dict[str, JsonObject], Field(min_length=1, max_length=1)]
"""A step as it is written in a document."""


class TransformStep(msgspec.Struct, frozen=True):
    """A step, with its path in the field (`$.transform[1].replace`). None: the field's options."""

    path: str
    name: str
    options: JsonObject | None = None


def read_steps(value: object) -> tuple[TransformStep, ...]:
    """Return the steps of a `transform`. Raises PartError, which names each that is not valid."""
    parts = value if isinstance(value, list) else [] if value is None else [value]
    if len(parts) > MOST_STEPS:
        words = f"holds {len(parts):,} transformers, at most {MOST_STEPS} are allowed"
        raise PartError([Problem("$", words)])
    steps, problems = [], []
    for number, part in enumerate(parts):
        place = f"[{number}]" if isinstance(value, list) else ""
        name, options = part, None
        if isinstance(part, dict) and len(part) == 1:
            ((name, options),) = part.items()
            place, options = f"{place}.{name}", {} if options is None else options
        if isinstance(name, str) and isinstance(options, dict | None):
            steps.append(TransformStep(f"$.transform{place}", name, options))
        else:
            shape = 'must be a name, or one name with its options: `{replace: {search: ","}}`'
            problems.append(Problem(f"${place}", shape))
    if problems:
        raise PartError(problems)
    return tuple(steps)


def chain_of(steps: Sequence[TransformStep], shared: Options) -> list[tuple[str, JsonObject]]:
    """Return the steps' names, each with its own options; `shared` are those of the field."""
    by_name = {str(key).lower(): value for key, value in shared.items()}
    chain = []
    for step in steps:
        own: object = step.options
        if own is None:
            own = shared if len(steps) == 1 else by_name.get(step.name.lower())
        chain.append((step.name, dict(own) if isinstance(own, Mapping) else {}))
    return chain


def chain_problems(steps: Sequence[TransformStep], shared: Options) -> Iterator[Problem]:
    """Yield what is wrong with a field's transformers and their options, by paths in the field."""
    if shared and all(step.options is not None for step in steps):
        words = "are read by no transformer: each has its own options, or there is none"
        yield Problem("$.options", words)
    for step, (_, own) in zip(steps, chain_of(steps, shared), strict=True):
        yield from _step_problems(step, own)


def _step_problems(step: TransformStep, own: Options) -> Iterator[Problem]:
    known = registry()
    if step.name.lower() not in known:
        near = meant(step.name, [name for name, _, _ in known.values()])
        yield Problem("$.transform", f"unknown transformer {step.name!r}{near}")
        return
    name, factory, options = known[step.name.lower()]
    where = "$.options" if step.options is None else step.path
    for option in [] if options is None else sorted(map(str, own.keys() - options)):
        has = f"`{name}` has no such option; it has: {', '.join(sorted(options or ())) or 'none'}"
        yield Problem(f"{where}.{option}", f"{has}{meant(option, sorted(options or ()))}")
    try:
        factory(own)
    except OptionError as error:
        yield Problem(f"{where}.{error.option}", f"{name}: {error}")
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        yield Problem(where, f"{name} does not take its options: {type(error).__name__}")


def unread_options(steps: Sequence[TransformStep], shared: Options) -> Iterator[Problem]:
    """Yield the field's options that none of its transformers reads. Earlier releases took them."""
    names = [step.name for step in steps if step.options is None]
    if not names or len(steps) == 1:
        return
    for key, value in shared.items():
        if str(key).lower() not in (name.lower() for name in names):
            words = "is not the name of a transformer; several have their options under their names"
            said = f"{words}: {', '.join(names)}{meant(key, names)}"
            yield Problem(f"$.options.{key}", said)
        elif not isinstance(value, Mapping):
            yield Problem(f"$.options.{key}", f"must be an object: the options of `{key}`")
