"""How the figures of alignment are drawn."""
