"""Feeds damaged captures to leaktap: `python -m fuzz`, and `--help` says what can be asked of it.

Captures are mutated at random, but so that any input can be made again from its number and the seed of the run.
A failure is an exception, a fault of the stage `pipeline`, more than ten seconds, or more than 500 MB.
"""
