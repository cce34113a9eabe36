"""How wide the intervals of a study will be, and what makes them narrower."""
