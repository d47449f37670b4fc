"""One file per identifier class, each with `IDENTIFIERS`; `forms` are the disguises, `matcher` the one scan."""
