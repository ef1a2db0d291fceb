# Syncline, whose services run already: MODE reset or one of benchmarks.ours.
exec "$BENCH_PYTHON" -m benchmarks.ours "$1"
