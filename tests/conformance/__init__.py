"""Captures made for comparison with tshark: one module per subject, found by its `CAPTURES`; the judge and the network.

`CAPTURES` of a module are functions without arguments that return a `Capture`; a function's name is the capture's.
"""
