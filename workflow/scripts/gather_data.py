from pathlib import Path

from emoalign.stage import stage
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.stimuli.gathering import gather
from emoalign.study.reading import read_card

with stage(snakemake.log[0], snakemake.params):
    mirror = snakemake.params.mirror
    gather(
        {Path(path).stem: read_card(Path(path), DatasetCard) for path in snakemake.params.cards},
        snakemake.params.needed,
        None if mirror is None else Path(mirror).expanduser(),
    )
