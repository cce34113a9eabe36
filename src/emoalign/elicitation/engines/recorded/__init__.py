"""Ratings somebody already collected, of people or of a model."""
