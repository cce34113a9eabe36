from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.analyses.catalogue import REPORT_JOB
    from emoalign.report.manifest import write_manifest

    write_manifest(
        REPORT_JOB.model_validate(snakemake.params.job),
        ratings=[Path(path) for path in (*snakemake.input.ratings, *snakemake.input.completions)],
        stimuli=[Path(path) for path in snakemake.input.stimuli],
        output=Path(snakemake.output[0]),
    )
