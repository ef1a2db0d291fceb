"""The script a user would write by hand, on asyncpg. py_load.py full|incr|resend"""
import asyncio, asyncpg, os, sys
from decimal import Decimal, ROUND_HALF_UP
mode = sys.argv[1]
SRC, TGT = os.environ["SRC"], os.environ["TGT"]
COLS = "item_code, item_name, item_group, price, currency, on_hand, uom, barcode, active, tax_code, updated_at, remarks"
TC = ["code", "name", "group_id", "price", "currency", "on_hand", "uom", "barcode", "active", "tax_code", "updated_at", "remarks"]
UPS = "on conflict (code) do update set " + ", ".join(f"{c}=excluded.{c}" for c in TC[1:])
CENT = Decimal("0.01")
def transform(r):
    return (r[0], r[1].strip(), r[2], r[3].quantize(CENT, ROUND_HALF_UP), r[4], r[5], r[6], r[7], r[8] == "Y", r[9], r[10], r[11])

async def main():
    s, t = await asyncpg.connect(SRC), await asyncpg.connect(TGT)
    q, args = f"select {COLS} from erp.item", ()
    if mode == "incr":
        q += " where updated_at > $1"; args = (await t.fetchval("select max(updated_at) from public.item"),)
    async with s.transaction(), t.transaction():
        await t.execute("create temp table s (like public.item) on commit drop")
        cur = await s.cursor(q, *args)
        while rows := await cur.fetch(10000):
            await t.copy_records_to_table("s", records=[transform(r) for r in rows])
        await t.execute(f"insert into public.item select * from s {UPS}")
    await s.close(); await t.close()

asyncio.run(main())
