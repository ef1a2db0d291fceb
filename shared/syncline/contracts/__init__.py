"""What crosses a wire: topics, messages, events. Public ones are described in docs/asyncapi.json."""
