from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.items.aggregation import aggregate
    from emoalign.items.item_jobs import AggregationJob

    aggregate(
        AggregationJob.model_validate(snakemake.params.job),
        ratings=[Path(path) for path in snakemake.input.ratings],
        norms=Path(snakemake.input.norms),
        stimuli=Path(snakemake.input.stimuli),
        output=Path(snakemake.output[0]),
        threads=snakemake.threads,
    )
