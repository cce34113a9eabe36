"""Models and protocols against each other."""
