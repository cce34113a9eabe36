"""Scales of labels, label by label."""
