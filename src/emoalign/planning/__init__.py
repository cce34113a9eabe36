"""The study as the workflow knows it: loaded and checked, with its jobs, files and plan."""
