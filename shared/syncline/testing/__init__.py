"""What tests of stages and connectors use instead of the real thing; part of the package."""
