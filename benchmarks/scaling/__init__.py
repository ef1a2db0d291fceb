"""`python -m benchmarks.scaling`: what more processes of a stage gain, what many streams cost."""
