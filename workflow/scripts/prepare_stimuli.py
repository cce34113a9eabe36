from pathlib import Path

from emoalign.planning.loading import load_dataset
from emoalign.stage import stage
from emoalign.stimuli.preparation import prepare
from emoalign.stimuli.preparation_job import PreparationJob

with stage(snakemake.log[0]):
    prepare(
        PreparationJob.model_validate(snakemake.params.job),
        stimuli=Path(snakemake.output.stimuli),
        norms=Path(snakemake.output.norms),
        shards=Path(snakemake.output.shards),
        files=load_dataset(Path(snakemake.params.card)).files(),
    )
