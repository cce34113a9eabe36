"""Sampled answers beside exact probabilities."""
