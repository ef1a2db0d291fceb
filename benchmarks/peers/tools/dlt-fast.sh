exec "$PEERS/v-dlt/bin/python" "$HERE/tools/dlt_load.py" fast "$1"
