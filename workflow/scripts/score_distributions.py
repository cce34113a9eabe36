from pathlib import Path

from emoalign.analyses.expectations.analysis import ExpectationJob
from emoalign.analyses.expectations.distribution_scorecard import score_distributions
from emoalign.stage import stage

with stage(snakemake.log[0]):
    score_distributions(
        ExpectationJob.model_validate(snakemake.params.job),
        entropy=Path(snakemake.input.entropy),
        contrasts=Path(snakemake.input.contrasts),
        calibration=Path(snakemake.input.calibration),
        gradient=next(map(Path, snakemake.input.gradient), None),
        folder=Path(snakemake.output[0]).parent,
    )
