"""How the figures of arousal are drawn."""
