"""Completions of tables of norms, beside the norms."""
