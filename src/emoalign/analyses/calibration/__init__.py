"""Calibration: models' distributions of answers mapped to the human ones."""
