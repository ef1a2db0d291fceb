"""Reading the transformers of a field, each with options of its own.

`transform` is a step or a list of steps. A step is a name, or an object of one name and its
options: `{replace: {search: ",", replace: "."}}`. The options of names that stand alone are in the
field's `options`: all of them for an only step, else under the names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from syncline.domain.mapping.reading import Reader, near
from syncline.domain.mapping.transformers.options import OptionError
from syncline.domain.mapping.transformers.transformer import Factory

Known = Mapping[str, tuple[str, Factory, frozenset[str] | None]]
"""The registry of transformers."""


class Step(msgspec.Struct):
    """A step as it is written: `options` None where they stand in the field's."""

    path: str
    name: str
    options: Mapping[str, Any] | None


def read_chain(r: Reader, known: Known) -> tuple[tuple[str, ...], tuple[dict[str, Any], ...]]:
    """Read `transform` and `options` of a field; return names and the options of each."""
    steps = _steps(r)
    shared = r.mapping("options")
    _check_shared(r, steps, shared)
    options = [_own(step, shared, alone=len(steps) == 1) for step in steps]
    for step, own in zip(steps, options, strict=True):
        _check(r, step, own, known)
    return tuple(step.name for step in steps), tuple(options)


def _steps(r: Reader) -> list[Step]:
    value = r.anything("transform")
    is_list = isinstance(value, list)
    parts = [] if value is None else value if is_list else [value]
    steps = []
    for number, part in enumerate(parts):
        place = f"transform[{number}]" if is_list else "transform"
        name, options = part, None
        if isinstance(part, dict) and len(part) == 1:
            ((name, options),) = part.items()
            place, options = f"{place}.{name}", {} if options is None else options
        if not isinstance(name, str) or not isinstance(options, dict | None):
            shape = 'must be a name, or one name with its options: `{replace: {search: ","}}`'
            r.problem(place, shape)
        else:
            steps.append(Step(place, name, options))
    return steps


def _check_shared(r: Reader, steps: Sequence[Step], shared: Mapping[str, Any]) -> None:
    """Refuse options that would never be read."""
    names = [step.name for step in steps if step.options is None]
    if shared and not names:
        r.problem(
            "options", "belong to a transformer, and there is none without options of its own"
        )
    if not names or len(steps) == 1:
        return
    for key, value in shared.items():
        if str(key).lower() not in (name.lower() for name in names):
            words = "with several transformers their options stand under their names"
            r.refuse(f"options.{key}", f"{words}: {', '.join(names)}{near(str(key), names)}")
        elif not isinstance(value, Mapping):
            r.refuse(f"options.{key}", f"must be an object: the options of `{key}`")


def _own(step: Step, shared: Mapping[str, Any], *, alone: bool) -> dict[str, Any]:
    if step.options is not None:
        return dict(step.options)
    if alone:
        return dict(shared)
    by_name = {str(key).lower(): value for key, value in shared.items()}
    found = by_name.get(step.name.lower(), {})
    return dict(found) if isinstance(found, Mapping) else {}


def _check(r: Reader, step: Step, own: Mapping[str, Any], known: Known) -> None:
    found = known.get(step.name.lower())
    if found is None:
        proper = [entry[0] for entry in known.values()]
        r.problem("transform", f"unknown transformer {step.name!r}{near(step.name, proper)}")
        return
    name, factory, options = found
    where = "options" if step.options is None else step.path
    for option in [] if options is None else sorted(map(str, own.keys() - options)):
        allowed = ", ".join(sorted(options or ())) or "none"
        hint = near(option, sorted(options or ()))
        r.problem(f"{where}.{option}", f"`{name}` has no such option; it has: {allowed}{hint}")
    try:
        factory(own)
    except OptionError as error:
        r.problem(f"{where}.{error.option}", f"{name}: {error}")
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
        r.problem(where, f"{name} does not take its options: {type(error).__name__}")
