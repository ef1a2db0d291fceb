[ "$1" = reset ] && exit 0
exec "$PEERS/v-base/bin/python" "$HERE/tools/py_load.py" "$1"
