"""Packets to exchanges, one file per layer. Data flows: container, packets, streams, then tls, http1 and their kin."""

import os

# Nothing here multiplies matrices, but numpy starts a thread per core for that, each of which spins for a while.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
