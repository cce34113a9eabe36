"""Distributions over the points of a scale, or shares of labels: models beside people."""
