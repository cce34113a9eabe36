from pathlib import Path

from emoalign.analyses.baselines.describe import describe
from emoalign.stage import stage

with stage(snakemake.log[0]):
    describe(
        [Path(path) for path in snakemake.input.predictions],
        [Path(path) for path in snakemake.input.records],
        snakemake.params.leakage,
        folder=Path(snakemake.output[0]).parent,
    )
