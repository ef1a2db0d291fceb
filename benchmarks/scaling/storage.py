"""(e) What a record leaves on the disks of broker and database: first load, second read, resend."""

from __future__ import annotations

from benchmarks.checks import begin_anew
from benchmarks.ours import MODES, client
from benchmarks.place import Place
from benchmarks.table import markdown

TOPICS = ("raw", "canonical", "payload", "outcomes")
TABLES = ("batches", "ledger")
RUNS = (
    ("first load", "full"),
    ("read again, nothing changed", "reread"),
    ("all sent again", "resend"),
)
_INDEXES, _LOG = "indexes of both", "write-ahead log"


async def measure(place: Place) -> str:
    """Return bytes a record by topic and table that each run adds."""
    begin_anew(place)
    rows = []
    async with client(place.state) as ours:
        before = _sizes(place)
        for name, mode in RUNS:
            _, status = await ours.run(MODES[mode])
            assert status.state == "succeeded", status
            after = _sizes(place)
            added = [(after[what] - size) / place.rows for what, size in before.items()]
            rows.append([name, *(f"{each:,.1f}" for each in added)])
            before = after
    return "### What a record leaves, in bytes\n\n" + markdown(("run", *before), rows)


def _sizes(place: Place) -> dict[str, int]:
    """Return the bytes that lie in each topic and table, and those of the log ever written."""
    data = place.folder / "kafka" / "data"
    sizes = {
        topic: sum(log.stat().st_size for log in data.glob(f"syncline.{topic}-*/*.log"))
        for topic in TOPICS
    }
    for table in TABLES:
        sizes[table] = int(place.psql("syncline", "-c", f"select pg_table_size('{table}')"))
    indexes = " + ".join(f"pg_indexes_size('{table}')" for table in TABLES)
    sizes[_INDEXES] = int(place.psql("syncline", "-c", f"select {indexes}"))
    position = "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
    return sizes | {_LOG: int(place.psql("syncline", "-c", position))}
