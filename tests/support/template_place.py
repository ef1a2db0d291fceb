"""Templates as a person uses them: written as files, made theirs, stored, tried and run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from syncline.actions.trials.dry_run import DryRunner, DryRunRequest
from syncline.connectors.port import Surroundings
from syncline.domain.run import Run
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database
from syncline.resources.loader import load
from syncline.resources.plan import apply
from syncline.resources.template import template
from syncline.security.secrets import Keyring
from tests.support.installation import Installation


class TemplatePlace:
    """An installation that templates are tried on.

    Attributes:
        files: folder that the installation's file profiles may read.
    """

    def __init__(self, installed: Installation, db: Database, files: Path) -> None:
        self.installed = installed
        self.db = db
        self.files = files
        self._keys = Keyring.parse(installed.environment["SYNCLINE_SECRET_KEYS"])

    async def store(
        self,
        name: str,
        folder: Path,
        profiles: Mapping[str, dict[str, Any]],
        theirs: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """Write a template, change what is marked in it, and apply it.

        Args:
            profiles: by the profile's name, what stands in its document instead.
            theirs: texts of the other files, and what stands there instead.
        """
        for file in template(name).write(folder):
            text = file.read_text()
            if file.name == "profiles.yaml":
                documents = [d | profiles[d["name"]] for d in yaml.safe_load_all(text)]
                text = yaml.safe_dump_all(documents)
            for there, here in (theirs or {}).items():
                text = text.replace(there, here)
            file.write_text(text)
        await self.apply(folder, secrets or {})

    async def apply(self, path: Path, secrets: Mapping[str, str]) -> None:
        """Apply a file, or the files of a folder."""
        documents = load([str(path)], dict(secrets))
        assert documents.mistakes == []
        await apply(ConfigurationStore(self.db, self._keys), documents, "default", "test")

    async def dry_run(self, mapping: str) -> list[dict[str, Any]]:
        """Try a mapping; return what it would write."""
        here = Surroundings(("127.0.0.0/8",), (str(self.files),))
        runner = DryRunner(self.db, self._keys, here)
        dry = await runner.run("default", mapping, DryRunRequest(), "test")
        assert dry.warnings == [], dry.warnings
        assert {record.outcome for record in dry.records} == {"mapped"}, dry.records
        return [msgspec.json.decode(record.payload or "") for record in dry.records]

    async def run(self, instance: str, entity_type: str) -> Run:
        return await self.installed.run(instance=instance, entityType=entity_type)

    async def rows(self, table: str) -> list[tuple[Any, ...]]:
        found = await self.db.fetch(f"select * from {table} order by 1")
        return [tuple(row.values()) for row in found]
