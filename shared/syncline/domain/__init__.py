"""The rules of the product: pure values and decisions. No I/O, no clock, no framework."""
