from pathlib import Path

from emoalign.analyses.variance.analysis import DecompositionJob
from emoalign.analyses.variance.decompose import decompose
from emoalign.stage import stage

with stage(snakemake.log[0]):
    decompose(
        DecompositionJob.model_validate(snakemake.params.job),
        ratings=[Path(path) for path in snakemake.input.ratings],
        folder=Path(snakemake.output[0]).parent,
    )
