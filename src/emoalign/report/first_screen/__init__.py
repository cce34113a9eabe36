"""The first screen of the report: who was asked what, how near each model came, what to doubt."""
