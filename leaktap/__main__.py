"""`python -m leaktap`: the same as the command `leaktap`."""

from leaktap.cli import main

main()
