"""All ways of asking at once: specification curves."""
