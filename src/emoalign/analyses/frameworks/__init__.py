"""Discrete emotions and dimensions."""
