from pathlib import Path

from emoalign.baselines.baseline_cards import FinetunedBaseline, TrainingJob
from emoalign.baselines.train import train
from emoalign.stage import stage
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.reading import read_card

with stage(snakemake.log[0], snakemake.params):
    train(
        TrainingJob.model_validate(snakemake.params.job),
        output=Path(snakemake.output[0]),
        trainings=Path(snakemake.params.trainings),
        stimuli=next(map(Path, snakemake.input.held_out), None),
        files=read_card(Path(snakemake.params.dataset), DatasetCard).files(),
        # Read here and not as a param: it changes no result, and must not train anew.
        checkpoint_steps=read_card(Path(snakemake.params.card), FinetunedBaseline).checkpoint_steps,
        threads=snakemake.threads,
    )
