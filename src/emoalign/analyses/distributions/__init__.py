"""Whole distributions of answers beside those of people."""
