"""Sections of the report that belong to no analysis, each with its template beside it."""
