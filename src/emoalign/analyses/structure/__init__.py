"""How alike the spaces of people and models are."""
