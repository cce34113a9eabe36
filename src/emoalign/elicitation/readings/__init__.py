"""Readings of answers: numbers, labels, JSON, probabilities of tokens."""
