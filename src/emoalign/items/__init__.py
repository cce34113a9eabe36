"""Item tables: the ratings of each cell by item, with the human norms."""
