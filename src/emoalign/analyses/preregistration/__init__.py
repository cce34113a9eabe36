"""What was preregistered, and what has changed since."""
