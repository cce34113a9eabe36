from pathlib import Path

from emoalign.report.page import write_report
from emoalign.stage import stage
from emoalign.study.jobs import ReportJob

with stage(snakemake.log[0]):
    write_report(
        ReportJob.model_validate(snakemake.params.job),
        statistics=Path(snakemake.input.statistics[0]).parent,
        figures=Path(snakemake.params.figures),
        ratings=[Path(path) for path in snakemake.input.ratings],
        stimuli=[Path(path) for path in snakemake.input.stimuli],
        manifest=Path(snakemake.input.manifest),
        output=Path(snakemake.output[0]),
    )
