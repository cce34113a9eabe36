from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.stimuli.dataset_cards import DatasetCard
    from emoalign.stimuli.gathering import gather
    from emoalign.study.library import Library

    mirror = snakemake.params.mirror
    gather(
        {name: Library().card("datasets", name, DatasetCard) for name in snakemake.params.datasets},
        snakemake.params.needed,
        None if mirror is None else Path(mirror).expanduser(),
    )
