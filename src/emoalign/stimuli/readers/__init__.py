"""Readers: what each is told, and how it reads the files of a dataset."""
