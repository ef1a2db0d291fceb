"""What crosses a wire: topics, messages, events; docs/asyncapi.json shows the public ones."""
