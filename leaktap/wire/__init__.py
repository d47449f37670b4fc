"""Packets to exchanges, one file per layer. Data flows: container, packets, streams, then tls, http1 and their kin."""
