"""Start the ingest service."""

from __future__ import annotations

from syncline.bootstrap.service import Service, run
from syncline.bootstrap.settings import Settings
from syncline.contracts.messages import RunRequest, decode_request
from syncline.contracts.topics import RUNS
from syncline.runtime.spec import StageOptions, StageSpec
from syncline_ingest.handler import IngestHandler
from syncline_ingest.reading.source import Sources

# Extractions take long and are independent, so several of a partition run at once. One that is
# cut off goes on where its last chunk was committed, so leaving needs no patience.
SPEC = StageSpec(
    "ingest",
    [RUNS],
    decode_request,
    StageOptions(max_items=1, runs=8, drain=2.0),
    records=lambda _request: 0,  # it counts what it reads while it reads
)


def build(service: Service) -> tuple[StageSpec[RunRequest], IngestHandler]:
    return SPEC, IngestHandler(
        service.database,
        Sources(service.connections, service.mappings, service.clock, service.producer),
        service.producer,
        service.commands,
        service.limits.breakers,
        service.clock,
    )


def main(settings: Settings) -> None:
    run(build, settings)
