"""Classifiers trained on human answers: what a model without prompts gets from the same texts."""
