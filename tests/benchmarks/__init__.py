"""What xmm does beside the plain way of doing it: `python -m tests.benchmarks [NAME...]`."""
