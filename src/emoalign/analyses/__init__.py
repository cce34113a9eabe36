"""One folder for each question that is asked of the data."""
