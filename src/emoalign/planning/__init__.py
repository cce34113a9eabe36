"""What the workflow is told of a study, and what is found wrong with it."""
