from pathlib import Path

from emoalign.analyses.transparency.analysis import GradientJob
from emoalign.analyses.transparency.gradient_rows import compare_gradients
from emoalign.stage import stage

with stage(snakemake.log[0]):
    compare_gradients(
        GradientJob.model_validate(snakemake.params.job),
        Path(snakemake.input.transparency),
        Path(snakemake.input.labels),
        folder=Path(snakemake.output[0]).parent,
    )
