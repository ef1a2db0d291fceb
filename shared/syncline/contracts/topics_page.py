"""docs/topics.md, made from the topics: `python -m syncline.contracts.topics_page`."""

from __future__ import annotations

from pathlib import Path

from syncline.contracts.topics import DAY, HOUR, TOPICS, Topic

_HEAD = """# Topics

Made from `shared/syncline/contracts/topics.py` by `python -m syncline.contracts.topics_page`.

Names begin with the installation's prefix, `syncline.` by default. The key of every message is the
correlation ID of its run. Headers: `correlation-id`, `tenant`, `attempt` where records are tried
again, `stage-timings` (how long each stage had the records; every loop writes and reads it), and
`traceparent`. `syncline topics create` makes the topics.

Public topics are contracts for other programs ([asyncapi.yaml](asyncapi.yaml),
[integration.md](integration.md)); the others may change with any release.

| Topic | Public | Writes | Reads | Kept | What |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    return _HEAD + "".join(_row(topic) for topic in TOPICS)


def _row(topic: Topic) -> str:
    kept = "newest of each key" if topic.compacted else _time(topic.keep_ms)
    kept += ", one partition" if topic.single else ""
    public = "yes" if topic.public else ""
    return (
        f"| `syncline.{topic.name}` | {public} | {topic.writers} | {topic.readers} "
        f"| {kept} | {topic.purpose} |\n"
    )


def _time(milliseconds: int) -> str:
    days = milliseconds // DAY
    return f"{days} days" if days else f"{milliseconds // HOUR} h"


if __name__ == "__main__":
    Path("docs/topics.md").write_text(page())
