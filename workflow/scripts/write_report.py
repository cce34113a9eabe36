from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.analyses.catalogue import FIGURES, REPORT_JOB
    from emoalign.report.contents import PageSection
    from emoalign.report.page import write_report

    write_report(
        REPORT_JOB.model_validate(snakemake.params.job),
        [PageSection(name, tuple(reads)) for name, reads in snakemake.params.sections.items()],
        FIGURES,
        folder=Path(snakemake.input.manifest).parent,
        ratings=[Path(path) for path in snakemake.input.ratings],
        output=Path(snakemake.output[0]),
    )
