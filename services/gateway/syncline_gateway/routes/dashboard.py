"""`dashboard`: a range in figures, and what a person should look at first."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from syncline.domain.service_status import Dot
from syncline.postgres.monitoring.dashboard import Attention, Dashboard, Dashboards
from syncline_gateway.access.caller import Runner
from syncline_gateway.api import Api
from syncline_gateway.live.service_status import StatusReport, read_status_report
from syncline_gateway.requests.resource import Resource

router = Resource(prefix="/dashboard", tags=["dashboard"])


class Range(StrEnum):
    """How far back."""

    HOUR = "1h"
    HOURS = "6h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


LENGTH = {
    Range.HOUR: timedelta(hours=1),
    Range.HOURS: timedelta(hours=6),
    Range.DAY: timedelta(days=1),
    Range.WEEK: timedelta(days=7),
    Range.MONTH: timedelta(days=30),
}


@router.get("")
async def get_dashboard(caller: Runner, api: Api, range: Range = Range.DAY) -> Dashboard:
    """Sum up the runs of a range, compare it with the one before, and say what needs attention."""
    now = api.clock.now()
    urgent = _urgent(await read_status_report(api.installation, now))
    return await Dashboards(api.database).of(caller.tenant, now, LENGTH[range], urgent)


def _urgent(report: StatusReport) -> list[Attention]:
    """Name the services that are not well; when nobody looks, that and nothing old."""
    if report.silent:
        return [Attention("monitor", "monitor", "no figures of the services", report.heard_at)]
    bad = [s for s in report.services if s.dot is not Dot.GREEN]
    bad.sort(key=lambda s: s.dot is not Dot.RED)
    return [Attention("stage", s.service, s.why) for s in bad]
