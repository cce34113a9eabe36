from pathlib import Path

from emoalign.analyses.transparency.analysis import TransparencyJob
from emoalign.analyses.transparency.rows import describe
from emoalign.stage import stage

with stage(snakemake.log[0]):
    describe(
        TransparencyJob.model_validate(snakemake.params.job),
        {Path(path).stem: Path(path) for path in snakemake.input.stimuli},
        {Path(path).stem: Path(path) for path in snakemake.input.norms},
        store=Path(snakemake.params.store),
        folder=Path(snakemake.output[0]).parent,
    )
