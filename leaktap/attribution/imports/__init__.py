"""Databases of other people that users import under their own licence: one file per format, found by where it lies."""
