"""Engines: how models are run and asked, one module or folder for each kind."""
