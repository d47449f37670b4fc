"""leaktap taps phone traffic and says which personal information left, to whom, and whether the user had consented."""

__version__ = "0.1.0"
