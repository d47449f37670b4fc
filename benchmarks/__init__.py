"""Measures leaktap against what else there is: `python -m benchmarks`. One file per benchmark, found where it lies."""
