from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.baselines.baseline_cards import FinetunedBaseline, TrainingJob
    from emoalign.baselines.train import train
    from emoalign.stimuli.dataset_cards import DatasetCard
    from emoalign.study.library import Library

    train(
        TrainingJob.model_validate(snakemake.params.job),
        output=Path(snakemake.output[0]),
        trainings=Path(snakemake.params.trainings),
        stimuli=next(map(Path, snakemake.input.held_out), None),
        files=Library().card("datasets", snakemake.params.dataset, DatasetCard).files(),
        # Read here and not as a param: it changes no result, and must not train anew.
        checkpoint_steps=Library()
        .card("baselines", snakemake.wildcards.baseline, FinetunedBaseline)
        .checkpoint_steps,
        threads=snakemake.threads,
    )
