from pathlib import Path

from emoalign.report.manifest import write_manifest
from emoalign.report.report_job import ReportJob
from emoalign.stage import stage

with stage(snakemake.log[0]):
    write_manifest(
        ReportJob.model_validate(snakemake.params.job),
        ratings=[Path(path) for path in snakemake.input.ratings],
        stimuli=[Path(path) for path in snakemake.input.stimuli],
        output=Path(snakemake.output[0]),
    )
