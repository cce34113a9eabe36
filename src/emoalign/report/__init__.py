"""The report: one HTML file that says how human-like the ratings are and how we know."""
