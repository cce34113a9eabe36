"""Forms: wordings, directions of the scale and orders of labels."""
