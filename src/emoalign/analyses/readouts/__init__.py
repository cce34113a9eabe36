"""Agreement of sampled answers with exact probabilities."""
