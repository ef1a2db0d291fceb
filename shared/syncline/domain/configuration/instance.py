"""Whether an instance may run, and what keeps it from running. Spec section 1."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class InstanceStatus(StrEnum):
    """Whether an instance may run."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEPENDENCY_INACTIVE = "dependency_inactive"


def status_of(
    *, enabled: bool, inactive_profiles: Sequence[str]
) -> tuple[InstanceStatus, str | None]:
    """Return an instance's status, and the cause where it cannot run.

    Args:
        enabled: as a person switched it.
        inactive_profiles: names of those of its profiles that are Inactive.
    """
    if not enabled:
        return InstanceStatus.INACTIVE, "it was deactivated"
    if inactive_profiles:
        named = " and ".join(repr(name) for name in dict.fromkeys(inactive_profiles))
        verb = "are" if len(set(inactive_profiles)) > 1 else "is"
        return InstanceStatus.DEPENDENCY_INACTIVE, f"profile {named} {verb} Inactive"
    return InstanceStatus.ACTIVE, None
