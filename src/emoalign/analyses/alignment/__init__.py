"""Agreement of models with people, cell by cell."""
