"""Calibration: maps from what a model says to what people say, learnt on items people rated."""
