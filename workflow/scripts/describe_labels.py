from pathlib import Path

from emoalign.distributions.transparency.rows import describe
from emoalign.stage import stage
from emoalign.study.jobs import TransparencyJob

with stage(snakemake.log[0]):
    describe(
        TransparencyJob.model_validate(snakemake.params.job),
        {Path(path).stem: Path(path) for path in snakemake.input.stimuli},
        {Path(path).stem: Path(path) for path in snakemake.input.norms},
        store=Path(snakemake.params.store),
        folder=Path(snakemake.output[0]).parent,
    )
