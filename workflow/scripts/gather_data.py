from pathlib import Path

from emoalign.planning.loading import load_dataset
from emoalign.stage import stage
from emoalign.stimuli.gathering import gather

with stage(snakemake.log[0]):
    mirror = snakemake.params.mirror
    gather(
        {Path(path).stem: load_dataset(Path(path)) for path in snakemake.params.cards},
        snakemake.params.needed,
        None if mirror is None else Path(mirror).expanduser(),
    )
