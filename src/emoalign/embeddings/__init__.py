"""Embeddings of texts, kept on disk."""
