"""Distributions of human ratings predicted by ridge regression on embeddings."""
