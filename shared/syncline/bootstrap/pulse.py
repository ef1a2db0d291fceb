"""The pulse of a service, made of its settings."""

from __future__ import annotations

from syncline.bootstrap.settings import Settings
from syncline.kafka.producer import KafkaProducer
from syncline.runtime.clock import Clock
from syncline.runtime.process.pulse import Pulse

TOLD_WITHIN = 5.0
"""Seconds."""


def pulse_of(service: str, settings: Settings, clock: Clock) -> Pulse:
    """Return what tells the monitor of this process: `beat` beside the work, `stop` at the end."""
    producer = KafkaProducer(settings.kafka(), TOLD_WITHIN, {"acks": 1})
    place = f"{settings.health_host}:{settings.health_port}" if settings.health_port else ""
    return Pulse(service, producer, clock, health=place)
