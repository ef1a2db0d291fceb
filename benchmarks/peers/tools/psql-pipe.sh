SEL="select item_code, btrim(item_name), item_group, round(price,2), currency, on_hand, uom, barcode, active='Y', tax_code, updated_at, remarks from erp.item"
load() { "$PSQL" -X -q -v ON_ERROR_STOP=1 "$SRC" -c "copy ($SEL $1) to stdout" | "$PSQL" -X -q -v ON_ERROR_STOP=1 "$TGT" -1 -c "create temp table s (like public.item)" -c "copy s from stdin" -c "insert into public.item select * from s on conflict (code) do update set name=excluded.name, group_id=excluded.group_id, price=excluded.price, currency=excluded.currency, on_hand=excluded.on_hand, uom=excluded.uom, barcode=excluded.barcode, active=excluded.active, tax_code=excluded.tax_code, updated_at=excluded.updated_at, remarks=excluded.remarks"; }
set -o pipefail
case $1 in
reset) ;;
full|resend) load "" ;;
incr) m=$("$PSQL" -X -At "$TGT" -c "select max(updated_at) from public.item"); load "where updated_at > '$m'" ;;
esac
