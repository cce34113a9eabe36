"""What an answer says: numbers, labels, JSON, probabilities of tokens."""
