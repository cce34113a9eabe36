"""Ask language models to rate emotional stimuli as people did, and tell how human-like they are.

The package reads as the data flows:
study → stimuli → prompts → elicitation → items → statistics → figures → report.
Imports go one way along that line, and nothing here imports Snakemake.
"""

__version__ = "0.1.0"
