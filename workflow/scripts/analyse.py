from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.analyses.running import analyse

    analyse(
        snakemake.params.jobs,
        folder=Path(snakemake.output[0]).parents[1],
        inputs=[Path(path) for path in snakemake.input],
    )
