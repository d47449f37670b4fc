"""What closes a run: what it was about, the inventory of what left, and what was declared against what was observed."""
