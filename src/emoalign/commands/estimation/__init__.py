"""Estimates for a list of words: the parts of `emoalign estimate`."""
