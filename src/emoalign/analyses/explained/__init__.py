"""What else explains agreement: covariates of items, and embeddings of their texts."""
