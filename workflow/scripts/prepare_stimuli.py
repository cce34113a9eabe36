from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.elicitation.engines.recorded.rated_items import rated_items
    from emoalign.stimuli.dataset_cards import DatasetCard, PreparationJob
    from emoalign.stimuli.preparation import prepare
    from emoalign.study.library import Library

    job = PreparationJob.model_validate(snakemake.params.job)
    prepare(
        job,
        stimuli=Path(snakemake.output.stimuli),
        norms=Path(snakemake.output.norms),
        shards=Path(snakemake.output.shards),
        files=Library().card("datasets", snakemake.wildcards.dataset, DatasetCard).files(),
        rated=rated_items(job),
    )
