SLING=${SLING:-$(echo $PEERS/v-sling/lib/python3.*/site-packages/sling_linux_amd64/bin/sling-linux-amd64)}
export SRC_PG="$SRC?sslmode=disable" TGT_PG="$TGT?sslmode=disable"
SEL="select item_code as code, btrim(item_name) as name, item_group as group_id, round(price,2) as price, currency, on_hand, uom, barcode, active='Y' as active, tax_code, updated_at, remarks from erp.item"
case $1 in
reset) ;;
full|incr) exec "$SLING" run --src-conn SRC_PG --src-stream "$SEL where {incremental_where_cond}" --tgt-conn TGT_PG --tgt-object public.item --mode incremental --primary-key code --update-key updated_at ;;
resend) exec "$SLING" run --src-conn SRC_PG --src-stream "$SEL" --tgt-conn TGT_PG --tgt-object public.item --mode incremental --primary-key code ;;
esac
