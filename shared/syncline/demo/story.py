"""The demo's steps: what happens, in one plain line, and the counters that must come out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from syncline.demo import changes
from syncline.demo.erp import CANCELLED_ORDERS, ITEMS, ORDERS, PARTNERS
from syncline.postgres.database.database import Database

SHOP, WAREHOUSE = "erp-shop", "erp-warehouse"


class Counts(NamedTuple):
    """Counters of a run as they must be."""

    total: int
    success: int = 0
    skipped: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return (
            f"total {self.total:,}, success {self.success:,}, skipped {self.skipped:,}, "
            f"failed {self.failed:,}"
        )


class PlannedRun(NamedTuple):
    """A run to trigger, and what must come out."""

    instance: str
    entity_type: str
    expected: Counts
    fields: Mapping[str, object] = {}


class PlannedReplay(NamedTuple):
    """A replay to trigger: of these records' dead letters, and what must come out."""

    source_ids: Sequence[str]
    from_stage: str
    patch: Sequence[Mapping[str, object]]
    expected: Counts


class StoryStep(NamedTuple):
    """One step.

    Attributes:
        at_the_source: what happens there before.
        pending: dead letters that must wait afterwards.
    """

    title: str
    text: str
    runs: Sequence[PlannedRun | PlannedReplay]
    at_the_source: Callable[[Database], Awaitable[None]] | None = None
    pending: int = 0


def _all(**counts: Counts) -> list[PlannedRun]:
    """Return runs of all six streams; one that is not named must find nothing to do."""
    return [
        PlannedRun(instance, entity_type, counts.get(f"{place}_{entity_type}", Counts(0)))
        for place, instance in (("shop", SHOP), ("warehouse", WAREHOUSE))
        for entity_type in ("item", "bp", "order")
    ]


def _shop(mode: str, **counts: Counts) -> list[PlannedRun]:
    return [PlannedRun(SHOP, kind, expected, {"mode": mode}) for kind, expected in counts.items()]


_SENT = ORDERS - CANCELLED_ORDERS
_CHANGED = Counts(
    changes.CHANGED + changes.TOUCHED, success=changes.CHANGED, skipped=changes.TOUCHED
)
_EDITED = {"sourceIds": list(changes.EDITED_ITEMS)}
_REPAIRED = [*changes.BAD_FLAGS, *(c for c in changes.BAD_PRICES if c not in changes.TO_EDIT)]

STEPS = [
    StoryStep(
        "First run",
        f"Everything is new: all of it goes to the shop and the warehouse. {CANCELLED_ORDERS} "
        "cancelled orders are excluded from the shop.",
        _all(
            shop_item=Counts(ITEMS, ITEMS),
            shop_bp=Counts(PARTNERS, PARTNERS),
            shop_order=Counts(ORDERS, _SENT, CANCELLED_ORDERS),
            warehouse_item=Counts(ITEMS, ITEMS),
            warehouse_bp=Counts(PARTNERS, PARTNERS),
            warehouse_order=Counts(ORDERS, ORDERS),
        ),
    ),
    StoryStep(
        "Run again",
        "Nothing has changed: reading goes on at the cursor, and nothing is to be done.",
        _all(),
    ),
    StoryStep(
        "1 % changed",
        f"{changes.CHANGED} prices are raised and {changes.TOUCHED} items edited in a text that "
        "no mapping reads: just the prices move, the rest is skipped.",
        _all(shop_item=_CHANGED, warehouse_item=_CHANGED),
        changes.change_one_percent,
    ),
    StoryStep(
        "Reset Cursor",
        "Everything is read from the beginning and compared: all is skipped, nothing is sent.",
        _shop(
            "reset_cursor",
            item=Counts(ITEMS, skipped=ITEMS),
            bp=Counts(PARTNERS, skipped=PARTNERS),
            order=Counts(ORDERS, skipped=ORDERS),
        ),
    ),
    StoryStep(
        "Force Full",
        "Everything is sent to the shop again, changed or not.",
        _shop(
            "force_full",
            item=Counts(ITEMS, ITEMS),
            bp=Counts(PARTNERS, PARTNERS),
            order=Counts(ORDERS, _SENT, CANCELLED_ORDERS),
        ),
    ),
    StoryStep(
        "Three Source IDs",
        "A script corrected three names and left the dates alone: a run of just those IDs.",
        [PlannedRun(place, "item", Counts(3, 3), _EDITED) for place in (SHOP, WAREHOUSE)],
        changes.edit_without_a_stamp,
    ),
    StoryStep(
        "Ten break",
        f"A hundred items change, ten of them wrongly: {changes.SOUND} arrive, ten wait in the DLQ "
        "with the reason.",
        [PlannedRun(SHOP, "item", Counts(100, changes.SOUND, failed=changes.BROKEN))],
        changes.break_ten,
        pending=changes.BROKEN,
    ),
    StoryStep(
        "Repair, replay",
        "Seven are put right in the ERP and replayed: they are read there again.",
        [PlannedReplay(_REPAIRED, "ingest", (), Counts(7, 7))],
        changes.repair_seven,
        pending=3,
    ),
    StoryStep(
        "Edit, replay",
        "Three get the right price in the dead letter itself and are replayed where they failed.",
        [
            PlannedReplay(
                changes.TO_EDIT,
                "failed",
                [{"op": "replace", "path": "/price", "value": str(changes.RIGHT_PRICE)}],
                Counts(3, 3),
            )
        ],
    ),
    StoryStep(
        "Catch up",
        "The ERP gets these three prices too: the shop has them already (skipped), the warehouse "
        "gets the hundred.",
        _all(shop_item=Counts(3, skipped=3), warehouse_item=Counts(100, 100)),
        changes.repair_the_rest,
    ),
]

LEFT = StoryStep(
    "Left to look at",
    "Three kinds of failures are left in the DLQ: flags that no mapping knows, prices and e-mail "
    "addresses that the shop refuses.",
    [
        PlannedRun(SHOP, "item", Counts(8, failed=8)),
        PlannedRun(SHOP, "bp", Counts(changes.LEFT_PARTNERS, failed=changes.LEFT_PARTNERS)),
    ],
    changes.break_in_three_ways,
    pending=8 + changes.LEFT_PARTNERS,
)
"""Played at the end where the installation stays: it is no part of what is checked."""
