from pathlib import Path

from emoalign.elicitation.rating_together import rate_together
from emoalign.elicitation.stopping import orderly_end
from emoalign.stage import stage
from emoalign.study.jobs import RatingJob
from emoalign.study.loading import load_model

with stage(snakemake.log[0]), orderly_end():
    rate_together(
        [RatingJob.model_validate(job) for job in snakemake.params.jobs],
        load_model(Path(snakemake.params.card)),
        stimuli=Path(snakemake.input.stimuli),
        shard=snakemake.wildcards.shard,
        journal=Path(snakemake.params.journal),
        outputs=[Path(file) for file in snakemake.output],
    )
