"""What crosses a wire: topics, messages, events; docs/asyncapi.yaml shows the public ones."""
