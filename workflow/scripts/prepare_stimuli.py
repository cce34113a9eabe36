from pathlib import Path

from emoalign.elicitation.engines.recorded.rated_items import rated_items
from emoalign.stage import stage
from emoalign.stimuli.dataset_cards import DatasetCard, PreparationJob
from emoalign.stimuli.preparation import prepare
from emoalign.study.reading import read_card

with stage(snakemake.log[0]):
    job = PreparationJob.model_validate(snakemake.params.job)
    prepare(
        job,
        stimuli=Path(snakemake.output.stimuli),
        norms=Path(snakemake.output.norms),
        shards=Path(snakemake.output.shards),
        files=read_card(Path(snakemake.params.card), DatasetCard).files(),
        rated=rated_items(job),
    )
