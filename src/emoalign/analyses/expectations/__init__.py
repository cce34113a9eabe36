"""Expectations from published studies, and the findings of this one."""
