"""Looks for every kind of doubt in documents of `apply`, `diff` and the API."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Collection, Sequence
from functools import partial

import structlog

from syncline.actions.doubts.confirmations import confirmation_doubts
from syncline.actions.doubts.doubt import (
    Doubt,
    Matter,
    Question,
    answers,
    mapping_doubts,
    old_form_doubts,
)
from syncline.actions.doubts.new_targets import new_target_doubts
from syncline.actions.doubts.systems import profile_doubts, source_doubts
from syncline.connectors.port import Surroundings
from syncline.domain.configuration.comparison import PlanStep, kept_secrets
from syncline.domain.configuration.documents import Kind, ProfileConfig, TenantConfiguration
from syncline.domain.errors import Problem, SynclineError
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.resources.edits import read_request_document
from syncline.resources.loader import DocumentSet, Mistake
from syncline.telemetry.masking import Secrets

WITHIN = 10.0
"""Seconds that all questions together may take; a person waits."""
QUESTIONS: tuple[Question, ...] = (
    profile_doubts,
    mapping_doubts,
    source_doubts,
    old_form_doubts,
    new_target_doubts,
    confirmation_doubts,
)
log = structlog.get_logger()


class Doubter:
    """Finds doubts about documents; it changes nothing and never fails."""

    def __init__(self, store: ConfigurationStore, surroundings: Surroundings) -> None:
        self._store = store
        self._surroundings = surroundings

    async def of_files(
        self, tenant: str, loaded: DocumentSet, steps: Sequence[PlanStep]
    ) -> list[Mistake]:
        """Return the doubts about checked files, each with its line; `steps` store them."""
        named = frozenset(loaded.locations)
        try:
            stored = await self._store.stored(tenant)
        except SynclineError as error:  # what was stored stays stored: no error may hide that
            return [_told(loaded, _untold(named, str(error)), Secrets())]
        whole = {n: _whole(p, stored.profiles.get(n)) for n, p in loaded.profiles.items()}
        together = stored | loaded | TenantConfiguration(whole)
        matter = Matter(tenant, named, together, steps, self._store, self._surroundings)
        questions = [partial(self._asked, question, matter) for question in QUESTIONS]
        doubts = await answers(questions, len(questions))
        own = Secrets()
        for profile in matter.configured.profiles.values():
            own.know(profile.secrets.values())
        told = [_told(loaded, doubt, own) for doubt in doubts]
        return list(dict.fromkeys(told))

    async def of_request(
        self, tenant: str, kind: Kind, body: object, name: str | None, steps: Sequence[PlanStep]
    ) -> list[Problem]:
        """Return the doubts about one checked document of a request."""
        loaded = await asyncio.to_thread(read_request_document, kind, name, body)
        found = await self.of_files(tenant, loaded, steps)
        return [Problem(mistake.path, mistake.message) for mistake in found]

    async def _asked(self, question: Question, matter: Matter) -> list[Doubt]:
        """Ask one question; one that breaks or takes too long is itself a doubt."""
        try:
            async with asyncio.timeout(WITHIN):
                return await question(matter)
        except TimeoutError:  # that it was not told is told
            return [_untold(matter.named, f"no end within {WITHIN:.0f} s")]
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything
            log.error("doubts_broke", error=type(error).__name__)  # noqa: TRY400 - may hold secrets
            return [_untold(matter.named, type(error).__name__)]


def _untold(named: Collection[tuple[Kind, str]], reason: str) -> Doubt:
    return Doubt(*min(named), Problem("$", f"not everything could be looked at: {reason}"))


def _told(loaded: DocumentSet, doubt: Doubt, secrets: Secrets) -> Mistake:
    source = loaded.locations[doubt.kind, doubt.name]
    return source.mistake(doubt.problem.path, secrets.mask(doubt.problem.message)[:1000])


def _whole(profile: ProfileConfig, stored: ProfileConfig | None) -> ProfileConfig:
    secrets, _ = kept_secrets(profile, stored)
    return dataclasses.replace(profile, secrets=secrets)
