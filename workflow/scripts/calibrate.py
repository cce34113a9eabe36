from pathlib import Path

from emoalign.distributions.calibration.calibrate import calibrate
from emoalign.stage import stage
from emoalign.study.jobs import CalibrationJob

with stage(snakemake.log[0]):
    calibrate(
        CalibrationJob.model_validate(snakemake.params.job),
        tables={name: Path(snakemake.input[name]) for name in ("items", "norms", "stimuli")},
        output=Path(snakemake.output.calibrated),
        calibrators=Path(snakemake.output.calibrators),
    )
