from pathlib import Path

from emoalign.report.page import write_report
from emoalign.report.report_job import ReportJob
from emoalign.stage import stage

with stage(snakemake.log[0]):
    write_report(
        ReportJob.model_validate(snakemake.params.job),
        folder=Path(snakemake.input.manifest).parent,
        ratings=[Path(path) for path in snakemake.input.ratings],
        output=Path(snakemake.output[0]),
    )
