"""Norms estimated for items that nobody rated, with intervals."""
