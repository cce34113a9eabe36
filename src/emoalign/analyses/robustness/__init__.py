"""Correlations looked at more closely."""
