"""How far single participants rate like the others."""
