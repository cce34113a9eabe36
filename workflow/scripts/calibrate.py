from pathlib import Path

from emoalign.analyses.calibration.analysis import CalibrationJob
from emoalign.analyses.calibration.calibrate import calibrate
from emoalign.stage import stage

with stage(snakemake.log[0]):
    calibrate(
        CalibrationJob.model_validate(snakemake.params.job),
        dict(zip(("items", "norms", "stimuli"), map(Path, snakemake.input), strict=True)),
        output=Path(snakemake.output.calibrated),
        calibrators=Path(snakemake.output.calibrators),
    )
