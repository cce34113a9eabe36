from pathlib import Path

from emoalign.report.page import write_report
from emoalign.stage import stage
from emoalign.study.jobs import ReportJob

with stage(snakemake.log[0]):
    write_report(
        ReportJob.model_validate(snakemake.params.job),
        folder=Path(snakemake.input.manifest).parent,
        ratings=[Path(path) for path in snakemake.input.ratings],
        output=Path(snakemake.output[0]),
    )
