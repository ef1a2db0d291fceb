# Syncline, whose services run already: MODE reset, full, incr, reread, resend, one or w2.
exec "$BENCH_PYTHON" -m benchmarks.ours "$1"
