from pathlib import Path

from emoalign.stage import stage
from emoalign.statistics.decompose import decompose
from emoalign.study.jobs import DecompositionJob

with stage(snakemake.log[0]):
    decompose(
        DecompositionJob.model_validate(snakemake.params.job),
        ratings=[Path(path) for path in snakemake.input.ratings],
        folder=Path(snakemake.output[0]).parent,
    )
