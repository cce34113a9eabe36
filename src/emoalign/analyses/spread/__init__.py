"""The spread of simulated participants beside that of people."""
