"""From a dataset's own file to items and human norms on the study's scales."""
