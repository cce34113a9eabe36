"""Ask language models to rate emotional stimuli as people did, and measure how human-like they are.

The package reads as the data flows:
study → stimuli → prompts → elicitation → items → statistics → figures → report.
Imports go one way along that line, and nothing here imports Snakemake.
"""

from emoalign.installed import snakefile

__all__ = ["__version__", "snakefile"]
__version__ = "0.1.0"
