[ "$1" = reset ] && exit 0
exec "$PEERS/v-dlt/bin/python" "$HERE/tools/http_load.py"
