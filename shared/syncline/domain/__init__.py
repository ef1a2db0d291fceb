"""The rules of the product: values and decisions without I/O, clock or framework."""
