from pathlib import Path

from emoalign.elicitation.planning import plan
from emoalign.stage import stage
from emoalign.study.jobs import RatingJob
from emoalign.study.loading import load_model

with stage(snakemake.log[0]):
    plan(
        [RatingJob.model_validate(job) for job in snakemake.params.jobs],
        {Path(path).stem: load_model(Path(path)) for path in snakemake.params.cards},
        {Path(path).stem: Path(path) for path in snakemake.input.stimuli},
        journal=Path(snakemake.params.journal),
        output=Path(snakemake.params.output),
        max_usd=snakemake.params.max_usd,
    )
