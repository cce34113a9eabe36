from pathlib import Path

from emoalign.analyses.calibration.analysis import CalibrationReviewJob
from emoalign.analyses.calibration.review import review
from emoalign.stage import stage

with stage(snakemake.log[0]):
    review(
        CalibrationReviewJob.model_validate(snakemake.params.job),
        {
            name.replace("item_tables", "items"): {Path(path).stem: Path(path) for path in paths}
            for name, paths in snakemake.input.items()
        },
        folder=Path(snakemake.output[0]).parent,
    )
