"""Asking models for ratings, keeping every answer, and reading what the answers say.

Nothing here knows what the ratings will be used for.
"""
