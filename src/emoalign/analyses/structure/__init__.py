"""Similarity of items for people and for models."""
