from pathlib import Path

from emoalign.elicitation.engines.vllm.rating_together import rate_together
from emoalign.elicitation.rating_job import RatingJob
from emoalign.elicitation.stopping import orderly_end
from emoalign.planning.loading import load_model
from emoalign.stage import stage

with stage(snakemake.log[0]), orderly_end():
    rate_together(
        [RatingJob.model_validate(job) for job in snakemake.params.jobs],
        load_model(Path(snakemake.params.card)),
        stimuli=Path(snakemake.input.stimuli),
        shard=snakemake.wildcards.shard,
        journal=Path(snakemake.params.journal),
        outputs=[Path(file) for file in snakemake.output],
    )
