from pathlib import Path

from emoalign.elicitation.engines.vllm.rating_together import rate_together
from emoalign.elicitation.rating_job import RatingJob
from emoalign.elicitation.stopping import orderly_end
from emoalign.planning.loading import MODELS
from emoalign.stage import stage
from emoalign.study.reading import read_card

with stage(snakemake.log[0]), orderly_end():
    rate_together(
        [RatingJob.model_validate(job) for job in snakemake.params.jobs],
        read_card(Path(snakemake.params.card), MODELS),
        stimuli=Path(snakemake.input.stimuli),
        shard=snakemake.wildcards.shard,
        journal=Path(snakemake.params.journal),
        outputs=[Path(file) for file in snakemake.output],
    )
