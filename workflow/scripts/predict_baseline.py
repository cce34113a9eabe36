from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.baselines.baseline_cards import PredictionJob
    from emoalign.baselines.predict import predict
    from emoalign.stimuli.dataset_cards import DatasetCard
    from emoalign.study.library import Library

    predict(
        PredictionJob.model_validate(snakemake.params.job),
        stimuli=Path(snakemake.input.stimuli),
        output=Path(snakemake.output[0]),
        records=[Path(path) for path in snakemake.input.records],
        files=Library().card("datasets", snakemake.wildcards.dataset, DatasetCard).files(),
        threads=snakemake.threads,
    )
