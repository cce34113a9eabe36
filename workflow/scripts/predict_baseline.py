from pathlib import Path

from emoalign.baselines.baseline_jobs import PredictionJob
from emoalign.baselines.predict import predict
from emoalign.planning.loading import load_dataset
from emoalign.stage import stage

with stage(snakemake.log[0]):
    predict(
        PredictionJob.model_validate(snakemake.params.job),
        stimuli=Path(snakemake.input.stimuli),
        output=Path(snakemake.output[0]),
        records=[Path(path) for path in snakemake.input.records],
        files=load_dataset(Path(snakemake.params.card)).files(),
        threads=snakemake.threads,
    )
