"""What a person reads when an embedded server cannot run."""

from __future__ import annotations

from syncline.domain.errors import SynclineError


class EmbeddedServerError(SynclineError):
    """An embedded server cannot be installed, started or stopped; one line says what to do."""
