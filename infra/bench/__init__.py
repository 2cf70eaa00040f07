"""Benchmark of the engine against other packagers, with the same files and options."""
