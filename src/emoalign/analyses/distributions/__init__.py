"""Distributions of answers, compared with those of human ratings."""
