from pathlib import Path

from emoalign.distributions.calibration.review import review
from emoalign.stage import stage
from emoalign.study.jobs import CalibrationReviewJob

READ = ("items", "norms", "stimuli", "calibrated", "calibrators")

with stage(snakemake.log[0]):
    review(
        CalibrationReviewJob.model_validate(snakemake.params.job),
        {name: {Path(path).stem: Path(path) for path in snakemake.input[name]} for name in READ},
        folder=Path(snakemake.output[0]).parent,
    )
