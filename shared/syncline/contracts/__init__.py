"""Topics, messages and events; docs/asyncapi.yaml describes the public ones."""
