"""The same questions asked again."""
