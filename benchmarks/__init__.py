"""Benchmarks, with other programs measured beside: `python -m benchmarks`."""
