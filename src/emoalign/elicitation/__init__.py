"""Asking models for ratings, keeping every answer, and reading what the answers say.

It does not depend on what the ratings are used for.
"""
