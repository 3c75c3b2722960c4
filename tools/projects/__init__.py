"""Sample projects for tests, rehearsals and benchmarks."""
