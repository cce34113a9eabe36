from pathlib import Path

from emoalign.analyses.alignment.align import align
from emoalign.analyses.alignment.analysis import StatisticsJob
from emoalign.stage import stage

with stage(snakemake.log[0]):
    align(
        StatisticsJob.model_validate(snakemake.params.job),
        items=[Path(path) for path in snakemake.input.item_tables],
        norms={Path(path).stem: Path(path) for path in snakemake.input.norms},
        folder=Path(snakemake.output[0]).parent,
    )
