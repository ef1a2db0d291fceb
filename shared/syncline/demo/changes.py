"""What happens at the ERP during the demo. Seeded by row numbers, so that it is always the same.

SAP Business One stamps a change with its day in `UpdateDate` and the time of day in `UpdateTS`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from syncline.demo.erp import ITEMS
from syncline.postgres.database.database import Database

FIRST_DAY, SECOND_DAY = dt.datetime(2025, 12, 1), dt.datetime(2025, 12, 2)  # noqa: DTZ001
CHANGED, TOUCHED, EDITED = ITEMS // 100, 100, 3
BROKEN_FLAGS, BROKEN_PRICES, SOUND = 5, 5, 90
BROKEN = BROKEN_FLAGS + BROKEN_PRICES
_STAMP = """, "UpdateDate" = $2, "UpdateTS" = 101500 where "ItemCode" = any($1)"""
EDITED_ITEMS = [f"A{number:05}" for number in (11, 222, 3333)]


def _every(step: int, first: int, count: int) -> list[str]:
    """Return the codes of `count` items from number `first` on."""
    return [f"A{first + n * step:05d}" for n in range(count)]


_BAD = _every(113, 57, BROKEN)
BAD_FLAGS, BAD_PRICES = _BAD[:BROKEN_FLAGS], _BAD[BROKEN_FLAGS:]
TO_EDIT = BAD_PRICES[-3:]
"""Items whose price is put right in the dead letter before it is so at the source."""
RIGHT_PRICE = Decimal("19.90")


async def change_one_percent(erp: Database) -> None:
    """Raise some prices, and edit a text of other items that no mapping reads."""
    changed, touched = _every(97, 3, CHANGED), _every(97, 4, TOUCHED)
    await erp.execute(
        f'update sbo."OITM" set "AvgPrice" = "AvgPrice" + 1 {_STAMP}', changed, FIRST_DAY
    )
    await erp.execute(
        f"""update sbo."OITM" set "UserText" = 'counted' {_STAMP}""", touched, FIRST_DAY
    )


async def edit_without_a_stamp(erp: Database) -> None:
    """Correct three names by a script that leaves the date of the change alone."""
    await erp.execute(
        """update sbo."OITM" set "ItemName" = trim("ItemName") || ' (corrected)'
        where "ItemCode" = any($1)""",
        EDITED_ITEMS,
    )


async def break_ten(erp: Database) -> None:
    """Change the stock of a hundred items; ten also get a wrong flag or a wrong price."""
    sound = [code for code in _every(89, 5, SOUND + BROKEN) if code not in _BAD][:SOUND]
    for wrong, codes in (
        ("", sound),
        (""", "validFor" = '?'""", BAD_FLAGS),
        (', "AvgPrice" = -"AvgPrice"', BAD_PRICES),
    ):
        change = f'"OnHand" = "OnHand" + 7{wrong}'
        await erp.execute(f'update sbo."OITM" set {change} {_STAMP}', codes, SECOND_DAY)


async def repair_seven(erp: Database) -> None:
    """Put the five flags and two of the prices right."""
    await erp.execute(
        """update sbo."OITM" set "validFor" = 'Y' where "ItemCode" = any($1)""", BAD_FLAGS
    )
    await erp.execute(
        'update sbo."OITM" set "AvgPrice" = -"AvgPrice" where "ItemCode" = any($1)',
        [code for code in BAD_PRICES if code not in TO_EDIT],
    )


LEFT_FLAGS, LEFT_PRICES = _every(131, 77, 5), _every(131, 78, 3)
LEFT_PARTNERS = 4


async def break_in_three_ways(erp: Database) -> None:
    """Give items a wrong flag or a wrong price, and partners an address that is none."""
    for change, codes in (
        (""""validFor" = '?'""", LEFT_FLAGS),
        (""""AvgPrice" = -"AvgPrice" - 1""", LEFT_PRICES),
    ):
        await erp.execute(f'update sbo."OITM" set {change} {_STAMP}', codes, SECOND_DAY)
    await erp.execute(
        """update sbo."OCRD" set "E_Mail" = 'by telephone', "UpdateDate" = $2 where "CardCode" in
        (select "CardCode" from sbo."OCRD" order by "CardCode" limit $1)""",
        LEFT_PARTNERS,
        SECOND_DAY,
    )


async def repair_the_rest(erp: Database) -> None:
    """Give the last three the price that was sent for them already."""
    await erp.execute(
        'update sbo."OITM" set "AvgPrice" = $2 where "ItemCode" = any($1)', TO_EDIT, RIGHT_PRICE
    )
