"""Every public message is a CloudEvent 1.0 that any reader of CloudEvents takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from syncline.contracts.events import COMPLETED, RunStatus, cloud_event, event_data

NOW = datetime(2026, 1, 2, tzinfo=UTC)
STATUS = RunStatus("c-1", "default", "i", "item", "incremental", "cli", "succeeded", seq=3)


def test_an_event_names_what_cloud_events_require() -> None:
    event = json.loads(cloud_event(COMPLETED, "finalize", "c-1", STATUS, NOW))
    assert {"id", "source", "type", "specversion"} <= event.keys()
    assert (event["specversion"], event["datacontenttype"]) == ("1.0", "application/json")


def test_a_reader_finds_type_and_data_of_our_own_events() -> None:
    type_, data = event_data(cloud_event(COMPLETED, "finalize", "c-1", STATUS, NOW))
    assert (type_, data["state"], data["seq"]) == (COMPLETED, "succeeded", 3)
