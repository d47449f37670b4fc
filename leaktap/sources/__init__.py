"""One file per input, each with `SOURCE`; an input's kind is told by its content, not by its name."""
