"""How human-like each cell is: correlation, error, spread, ceilings, labels, readouts."""
