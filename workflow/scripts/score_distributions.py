from pathlib import Path

from emoalign.distributions.scorecard import score_distributions
from emoalign.stage import stage
from emoalign.study.jobs import ExpectationJob

with stage(snakemake.log[0]):
    score_distributions(
        ExpectationJob.model_validate(snakemake.params.job),
        entropy=Path(snakemake.input.entropy),
        contrasts=Path(snakemake.input.contrasts),
        calibration=Path(snakemake.input.calibration),
        gradient=next(map(Path, snakemake.input.gradient), None),
        folder=Path(snakemake.output[0]).parent,
    )
