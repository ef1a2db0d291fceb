#!/usr/bin/env bash
# Installs the peers into the folder $PEERS, each in an environment of its own, and builds the HTTP sink.
set -euo pipefail
mkdir -p "$PEERS"
venv() {
  [ -x "$PEERS/$1/bin/python" ] && [ -e "$PEERS/$1/.ready" ] && return
  "$BENCH_PYTHON" -m venv "$PEERS/$1" && "$PEERS/$1/bin/pip" install -q "${@:2}" && touch "$PEERS/$1/.ready"
}
venv v-base asyncpg==0.32.0
venv v-dlt 'dlt[postgres,parquet]==1.31.0' sqlalchemy==2.1.9 psycopg2-binary==2.9.13 pyarrow==26.0.1
venv v-sling sling-linux-amd64==1.4.11   # newer wheels fetch the binary from elsewhere at first use
command -v go > /dev/null || { echo "no Go here: the HTTP sink is not built, W2 is left out" >&2; exit 0; }
(cd "$(dirname "$0")/sink" && go build -o "$PEERS/sink" .)
