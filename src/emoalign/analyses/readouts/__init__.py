"""Agreement of the readouts of a model: answers, exact probabilities and decisions."""
