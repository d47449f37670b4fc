"""A QR code for a terminal."""

import io

import segno


def qr(text: str) -> str:
    """Returns the code as lines of half blocks, light on dark."""
    lines = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(lines, compact=True, border=2)
    return lines.getvalue()
