"""What a person reads when an embedded server cannot run."""

from __future__ import annotations

from syncline.domain.errors import SynclineError


class EmbeddedServerError(SynclineError):
    """An embedded server cannot be installed, started or stopped; one line says what to do."""


def unwritable(name: str, error: OSError) -> EmbeddedServerError:
    """Say that a server's files cannot be written, such as on a full disk."""
    what = f" ({error.filename})" if error.filename else ""
    return EmbeddedServerError(f"{name} cannot be started: {error.strerror or error}{what}")
