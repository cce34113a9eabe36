from pathlib import Path

from emoalign.baselines.baseline_jobs import TrainingJob
from emoalign.baselines.train import train
from emoalign.planning.loading import load_baseline, load_dataset
from emoalign.stage import stage

with stage(snakemake.log[0]):
    train(
        TrainingJob.model_validate(snakemake.params.job),
        output=Path(snakemake.output[0]),
        trainings=Path(snakemake.params.trainings),
        stimuli=next(map(Path, snakemake.input.held_out), None),
        files=load_dataset(Path(snakemake.params.dataset)).files(),
        # Read here and not as a param: it changes no result, and must not train anew.
        checkpoint_steps=load_baseline(Path(snakemake.params.card)).checkpoint_steps,
        threads=snakemake.threads,
    )
