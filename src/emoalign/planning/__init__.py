"""A study as the workflow knows it, and what is wrong with it."""
