"""Readers of the files of datasets, each with its settings."""
