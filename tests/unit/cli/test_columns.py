"""Every list of the command line shows attributes that what it lists has."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from syncline.actions.dead_letters.replay_plan import ReplayResult
from syncline.actions.dead_letters.selection import Resolution
from syncline.cli.access import api_keys, users
from syncline.cli.configuration import cursors, profiles, schedules
from syncline.cli.dead_letters import dlq, operations, replay
from syncline.cli.program.tables import Column
from syncline.cli.runs import records, runs
from syncline.domain.run import Run
from syncline.postgres.access.api_keys import ApiKeyView
from syncline.postgres.access.users import UserView
from syncline.postgres.configuration.profile_list import ProfileView
from syncline.postgres.cursors.cursors import CursorView
from syncline.postgres.dead_letters.groups import DeadLetterGroup
from syncline.postgres.dead_letters.queue import DeadLetterView
from syncline.postgres.limits.profile_calls import RunCalls
from syncline.postgres.operations.catalog import OperationItem, OperationView
from syncline.postgres.runs.record_history import RecordInRun, WrittenRecord
from syncline.postgres.schedules.schedule_list import FiringView, ScheduleView


@pytest.mark.parametrize(
    ("columns", "listed"),
    [
        (api_keys._COLUMNS, ApiKeyView),
        (users._COLUMNS, UserView),
        (cursors._COLUMNS, CursorView),
        (cursors._HISTORY, CursorView),
        (profiles._COLUMNS, ProfileView),
        (profiles._CALLS, RunCalls),
        (schedules._COLUMNS, ScheduleView),
        (schedules._FIRINGS, FiringView),
        (dlq._COLUMNS, DeadLetterView),
        (dlq._GROUPS, DeadLetterGroup),
        (dlq._RESULTS, Resolution),
        (replay._COLUMNS, ReplayResult),
        (operations._COLUMNS, OperationView),
        (operations._ITEMS, OperationItem),
        (records._RUNS, RecordInRun),
        (records._WRITTEN, WrittenRecord),
        (runs._COLUMNS, Run),
    ],
)
def test_a_list_shows_what_is_there(columns: Sequence[Column], listed: type) -> None:
    cells = [column.cell or column.title.lower().replace(" ", "_") for column in columns]
    assert {cell for cell in cells if isinstance(cell, str)} <= set(dir(listed))
