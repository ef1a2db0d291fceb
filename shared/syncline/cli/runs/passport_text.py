"""A record's passport in words: what each stage took and gave, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from syncline.actions.passports.steps import Passport, PassportPayload, PassportStep
from syncline.cli.program.shell import own_name
from syncline.cli.program.texts import moment, short_id

_MISSING = {
    "absent": "did not come so far",
    "not_found": "not found in the time one look may take: call again",
    "unavailable": "Kafka does not answer",
}


def lines_of(found: Passport) -> Iterator[str]:
    """Return the lines to print."""
    place = found.place
    yield f"{place.source_id} in {place.instance} {place.entity_type}: {place.outcome}"
    yield f"run {place.correlation_id}, mapping version {place.mapping_version}"
    if place.target_id:
        yield f"target ID {place.target_id}, last written {moment(place.written_at)}"
    payloads = {payload.kind: payload for payload in found.payloads}
    for step in found.steps:
        yield ""
        yield from _step(step, payloads.get(step.output or ""))
    if place.dead_letter:
        yield f"\nwhy it failed: {own_name()} dlq show {short_id(place.dead_letter)}"


def _step(step: PassportStep, output: PassportPayload | None) -> Iterator[str]:
    yield f"{step.stage}: {step.reason or step.result}".replace("_", " ")
    for attempt in step.attempts:
        yield f"  attempt {attempt.number} at {moment(attempt.at)}: {attempt.message}"
    for change in step.changes:
        if change.error:
            yield f"  {change.source} {change.before} -> {change.target}: {change.error}"
        elif change.changed:
            yield f"  {change.source or 'fixed'} {change.before} -> {change.target} {change.after}"
    if output is not None:
        yield f"  {output.kind}: {output.text or _missing(output)}"


def _missing(payload: PassportPayload) -> str:
    return _MISSING.get(payload.state, f"gone: it was kept for {payload.kept_days} days")
