"""The Kafka adapter: the only code that names aiokafka. It fits the ports of syncline.runtime."""
