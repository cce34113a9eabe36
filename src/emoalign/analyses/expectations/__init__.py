"""What published studies expect, beside what was found."""
