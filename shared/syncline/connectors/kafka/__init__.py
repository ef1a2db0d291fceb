"""Topics of a Kafka cluster: JSON and Debezium events in, JSON out."""

from __future__ import annotations

from syncline.connectors.kafka.connector import KafkaConnector

__all__ = ["KafkaConnector"]
