"""The Kafka adapter: the only code that imports aiokafka; implements ports of syncline.runtime."""
