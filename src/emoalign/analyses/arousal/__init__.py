"""Where arousal goes wrong."""
