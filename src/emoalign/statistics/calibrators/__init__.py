"""Calibrators: maps, learnt on rated items, from what a model says to what people say."""
