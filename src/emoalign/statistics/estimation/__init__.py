"""What people would say of items that nobody rated, with intervals, from models and embeddings."""
