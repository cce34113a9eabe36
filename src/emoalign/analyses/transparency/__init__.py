"""Explicitness of labels in texts, and agreement with people by explicitness."""
