"""A person's edit of a payload as a JSON Patch (RFC 6902), within limits of work and size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import jsonpatch
import msgspec
from jsonpointer import JsonPointerException, escape, resolve_pointer

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import MAX_RECORD, JsonObject

MAX_OPERATIONS = 200
"""Operations of one patch."""
_ERRORS = (jsonpatch.JsonPatchException, JsonPointerException, TypeError, RecursionError)
_encode = msgspec.json.Encoder(decimal_format="number", order="sorted").encode


def mistake_of(patch: Sequence[JsonObject]) -> str | None:
    """Return why something is no JSON Patch that could be applied, None if it is one."""
    if len(patch) > MAX_OPERATIONS:
        return (
            f"has {len(patch):,} operations, at most {MAX_OPERATIONS} are allowed: replace a whole "
            "object or list at once, or give the payload as it should be"
        )
    try:
        jsonpatch.JsonPatch(patch)
    except _ERRORS as error:
        return f"is no JSON Patch (RFC 6902): {error}"
    return None


def edited(payload: object, patch: Sequence[JsonObject]) -> JsonObject:
    """Return a payload with a patch applied; the payload itself is not changed.

    Raises InvalidInputError if the patch does not apply, has too many operations, or makes the
    payload too large, or if the result is no JSON object.
    """
    if len(patch) > MAX_OPERATIONS:
        raise _refused(f"the edit {mistake_of(patch)}")
    size = len(_encode(payload))
    limit = max(MAX_RECORD, size)
    changed = payload
    try:
        for number, step in enumerate(patch):
            if step.get("op") == "copy":  # doubles what is there, over and over
                size += len(_encode(resolve_pointer(changed, str(step.get("from")))))
                if size > limit:
                    raise _too_large(f"operation {number + 1}, a copy,")
            changed = jsonpatch.apply_patch(changed, [step], in_place=number > 0)
        if len(_encode(changed)) > limit:
            raise _too_large("it")
    except _ERRORS as error:
        raise _refused(f"the edit does not apply: {_words(error)}") from None
    if not isinstance(changed, dict):
        raise _refused("the result of the edit is not a JSON object")
    return changed


def patch_between(payload: object, wanted: object) -> list[JsonObject]:
    """Return the JSON Patch that changes one payload into another."""
    steps = list(islice(_differences(payload, wanted, ""), MAX_OPERATIONS + 1))
    if len(steps) > MAX_OPERATIONS:
        return [{"op": "replace", "path": "", "value": wanted}]
    return steps


def _differences(old: object, new: object, path: str) -> Iterator[JsonObject]:
    """Yield the steps from one value to another; time grows with their size alone."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old:
            if key not in new:
                yield {"op": "remove", "path": f"{path}/{escape(key)}"}
        for key, value in new.items():
            inside = f"{path}/{escape(key)}"
            if key in old:
                yield from _differences(old[key], value, inside)
            else:
                yield {"op": "add", "path": inside, "value": value}
    elif isinstance(old, list) and isinstance(new, list):
        yield from _list_differences(old, new, path)
    elif _encode(old) != _encode(new):  # 1 and true are equal to Python
        yield {"op": "replace", "path": path, "value": new}


def _list_differences(old: list[object], new: list[object], path: str) -> Iterator[JsonObject]:
    """Change what stands between the equal elements at both ends, then add or remove the rest."""
    before, after = [_encode(one) for one in old], [_encode(one) for one in new]
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    most = shorter - start
    same = next((i for i in range(most) if before[-1 - i] != after[-1 - i]), most)
    for number in range(start, shorter - same):
        yield from _differences(old[number], new[number], f"{path}/{number}")
    for number in reversed(range(shorter - same, len(old) - same)):
        yield {"op": "remove", "path": f"{path}/{number}"}
    for number in range(shorter - same, len(new) - same):
        yield {"op": "add", "path": f"{path}/{number}", "value": new[number]}


def _refused(message: str) -> InvalidInputError:
    return InvalidInputError([Problem("$", message)])


def _too_large(cause: str) -> InvalidInputError:
    words = f"{cause} makes the record larger than {MAX_RECORD:,} bytes: make it smaller"
    return _refused(f"the edit does not apply: {words}")


def _words(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
